// Package data reads or generates data sets of pictures, points, dates and texts, and loads pictures and points in batches.
//
// The one idea: the contents of a batch, including how each picture is shifted or binarised, depend only on the seed and the batch's
// number. So a run that resumes at a step sees the same batches, whatever the goroutines did that prepare them ahead.
package data
