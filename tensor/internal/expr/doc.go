// Package expr writes functions of numbers into shaders: those that devices have not, or have too coarse, and random numbers.
package expr
