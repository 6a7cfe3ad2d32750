// Package ir is what a graph consists of while it is compiled: nodes, what each computes said as data, and layouts. It knows no device
// and no gradients.
package ir
