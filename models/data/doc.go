// Package data reads or makes what is trained on: pictures, points, dates and texts, and hands pictures and points out in batches.
//
// The one idea: what a batch holds, and how each picture is shifted or binarised, is a function of the seed and the batch's
// number alone. So a run that resumes at a step sees what it would have seen, whatever the goroutines did that prepared it ahead.
package data
