// Package ir defines the graph that the compiler works on: nodes, their ops as data, and layouts. It knows neither devices nor gradients.
package ir
