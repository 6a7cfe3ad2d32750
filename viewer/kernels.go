package viewer

import (
	"fmt"

	"genview/models/watch"
)

// took says how long a step takes on the device.
func took(kernels []watch.Kernel) string {
	total := 0.0
	for _, k := range kernels {
		total += k.MS
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("%.3g ms a step", total)
}

// kernelColumns are the columns of numbers, from left to right. Further ones need a wider panel.
var kernelColumns = []struct {
	name  string
	width float64
	from  float64 // width of the panel
	text  func(k watch.Kernel) string
}{
	{"ms", 62, 0, func(k watch.Kernel) string { return fmt.Sprintf("%.3f", k.MS) }},
	{"share", 62, 0, func(k watch.Kernel) string { return fmt.Sprintf("%.1f %%", 100*k.Share) }},
	{"calls", 48, 420, func(k watch.Kernel) string { return fmt.Sprintf("%.3g", k.Calls) }},
	{"GFLOP/s", 68, 520, func(k watch.Kernel) string { return fmt.Sprintf("%.1f", k.GFLOPs) }},
	{"GB/s", 56, 520, func(k watch.Kernel) string { return fmt.Sprintf("%.1f", k.GBs) }},
}

// drawKernels draws a row for each kernel of a training step, the slowest first.
func (p *Layers) drawKernels(c *Canvas, r Rect, kernels []watch.Kernel) {
	dim := Text{Size: 13, Color: dimColor}
	if len(kernels) == 0 {
		c.Text(c.Shorten("the next steps are timed…", dim, r.W), Point{r.X, r.Y + rowHeight}, dim)
		return
	}
	head, rows := r.Top(rowHeight)
	at, x := make([]float64, len(kernelColumns)), r.X
	for i, col := range kernelColumns {
		if r.W >= col.from {
			x += col.width
			at[i] = x // the right edge
			c.Text(col.name, Point{x, head.Y + rowHeight/2}, Text{Size: 13, Color: dimColor, Align: Right})
		}
	}
	x += 16
	kernel := Rect{x, r.Y, max(0, min(220, (r.X+r.W-x)*0.4)), r.H}
	ops := Rect{kernel.X + kernel.W + 12, r.Y, max(0, r.X+r.W-kernel.X-kernel.W-12), r.H}
	c.Text(c.Shorten("kernel", dim, kernel.W), Point{kernel.X, head.Y + rowHeight/2}, dim)
	c.Text(c.Shorten("what it computes", dim, ops.W), Point{ops.X, head.Y + rowHeight/2}, dim)
	c.Fill(Rect{r.X, rows.Y - 1, r.W, 1}, lineColor)
	ink := Text{Size: 13, Color: textColor}
	for row := range int(rows.H / layerHeight) {
		i := int(p.scroll) + row
		if i >= len(kernels) {
			break
		}
		k, y := kernels[i], rows.Y+float64(row)*layerHeight
		middle := y + layerHeight/2
		if i == p.over-1 {
			c.Fill(Rect{r.X - padding/2, y, r.W + padding, layerHeight}, buttonColor)
		}
		c.Fill(Rect{r.X, y + 3, (at[1] - r.X) * k.Share, layerHeight - 6}, faded(curveColor(0), 0.3))
		for j, col := range kernelColumns {
			if at[j] > 0 {
				c.Text(col.text(k), Point{at[j], middle}, Text{Size: 13, Color: textColor, Align: Right})
			}
		}
		c.Text(c.Shorten(k.Kernel, ink, kernel.W), Point{kernel.X, middle}, ink)
		c.Text(c.Shorten(k.Ops+" "+k.Shapes, dim, ops.W), Point{ops.X, middle}, dim)
	}
	p.drawScroll(c, len(kernels), Rect{r.X + r.W + 3, rows.Y, 3, rows.H})
}
