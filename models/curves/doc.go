// Package curves draws the metrics of runs for papers and pages, and writes them as tables.
//
//	r, err := curves.Read("runs/letters")
//	err = curves.Write("letters.svg", []*curves.Run{r}, curves.Options{Smooth: 0.6, Log: true})
//
// The name's ending chooses the form: .png, .svg, .pdf, .csv. One run has a plot for each group of metrics, as in the window; several have
// one for each metric, in which each run has a color. gonum.org/v1/plot draws.
package curves
