// Package data reads pictures to train on and hands them out in batches.
//
// The one idea: which pictures a batch holds, and how each is shifted or binarised, is a function of the seed and the batch's
// number alone. So a run that resumes at a step sees what it would have seen, whatever the goroutines did that prepared it ahead.
package data
