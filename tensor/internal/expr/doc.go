// Package expr writes functions of numbers into shaders: functions that devices lack or compute too coarsely, and random numbers.
package expr
