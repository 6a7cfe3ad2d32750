package curves

import (
	"image/color"
	"io"
	"math"
	"slices"

	"genview/models/ticks"
	"genview/models/watch"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// colors are distinct also for people who do not distinguish red from green (Okabe & Ito 2008).
var colors = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff},
}

// A chart is one of the plots that stand one below another.
type chart struct {
	name, unit string
	lines      []line
}

// A line is a curve with its positions along the horizontal axis.
type line struct {
	name string
	watch.Series
	x     []float64
	color color.RGBA
}

// charts returns the plots of some runs: for one run, one for each group of metrics, and for several runs one for each metric.
func charts(runs []*Run, o Options) (all []*chart) {
	find := func(name string) *chart {
		i := slices.IndexFunc(all, func(c *chart) bool { return c.name == name })
		if i < 0 {
			i = len(all)
			all = append(all, &chart{name: name})
		}
		return all[i]
	}
	for i, r := range runs {
		v := drawn(r.within(o.From, o.To), o.Only)
		for _, g := range v.Groups {
			for _, s := range g.Series {
				title := s.Name
				if len(runs) == 1 {
					title = g.Name
				}
				c, l := find(title), line{name: r.Name, Series: s, color: colors[i%len(colors)]}
				if len(runs) == 1 {
					l.name, l.color = s.Name, colors[len(c.lines)%len(colors)]
				}
				for _, step := range s.Steps {
					x := float64(step)
					switch {
					case o.Time:
						x = v.Clock.At(x)
					case o.Epochs:
						x /= float64(r.Epoch)
					}
					l.x = append(l.x, x)
				}
				c.unit, c.lines = g.Unit, append(c.lines, l)
			}
		}
	}
	return all
}

// plot makes the plot of a chart: for each line the range of the values that its points summarise, faintly, and their moving average.
func (c *chart) plot(o Options) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.Title.Padding = " ", vg.Points(4) // room for the heading
	for _, t := range []*draw.TextStyle{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		t.Font.Variant, t.Font.Size = "Sans", vg.Points(9)
	}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding, axis.LineStyle.Color, axis.Tick.LineStyle.Color, axis.Tick.Length = 0, axisColor, axisColor, vg.Points(3)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = gridColor, gridColor
	p.Add(grid)
	p.X.Tick.Marker, p.Y.Tick.Marker = marks{n: 8, time: o.Time}, marks{n: 5, log: o.Log}
	if o.Log {
		p.Y.Scale = plot.LogScale{}
	}
	visible := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && (!o.Log || v > 0) }
	for _, l := range c.lines {
		if err := l.add(p, o.Smooth, visible); err != nil {
			return nil, err
		}
	}
	if ticks.Same(p.Y.Min, p.Y.Max) { // one value, or none
		low := p.Y.Min
		if !visible(low) {
			low = 1
		}
		p.Y.Min, p.Y.Max = low*0.9, low*1.1
		if low <= 0 {
			p.Y.Min, p.Y.Max = low-1, low+1
		}
	}
	return p, nil
}

var (
	axisColor = color.Gray{0x90}
	gridColor = color.Gray{0xe6}
)

// heading writes a chart's name above its plot, and the names of its lines beside it, each with a piece of its color.
func (c *chart) heading(p *plot.Plot, area draw.Canvas) {
	style := p.Title.TextStyle
	style.XAlign, style.YAlign = draw.XLeft, draw.YTop
	name := c.name
	if c.unit != "" {
		name += ", " + c.unit
	}
	at := vg.Point{X: p.DataCanvas(area).Min.X, Y: area.Max.Y}
	area.FillText(style, at, name)
	at.X += style.Width(name) + vg.Points(14)
	for _, l := range c.lines {
		middle := at.Y - style.Height(l.name)/2
		area.StrokeLine2(draw.LineStyle{Color: l.color, Width: vg.Points(2)}, at.X, middle, at.X+vg.Points(12), middle)
		area.FillText(style, vg.Point{X: at.X + vg.Points(16), Y: at.Y}, l.name)
		at.X += vg.Points(30) + style.Width(l.name)
	}
}

// add adds a line to a plot, in pieces between values that are not visible.
func (l *line) add(p *plot.Plot, weight float64, visible func(float64) bool) error {
	pale := color.NRGBA{l.color.R, l.color.G, l.color.B, 0x38}
	smoothed := watch.Smooth(l.Values, weight)
	for from := 0; from < len(l.x); {
		to := from
		for to < len(l.x) && visible(l.Low[to]) && visible(l.High[to]) && visible(smoothed[to]) {
			to++
		}
		var curve, low, high plotter.XYs
		for k := from; k < to; k++ {
			curve = append(curve, plotter.XY{X: l.x[k], Y: smoothed[k]})
			low, high = append(low, plotter.XY{X: l.x[k], Y: l.Low[k]}), append(high, plotter.XY{X: l.x[k], Y: l.High[k]})
		}
		from = to + 1
		if len(curve) == 0 {
			continue
		}
		if !slices.Equal(low, high) {
			slices.Reverse(low)
			band, err := plotter.NewPolygon(append(high, low...))
			if err != nil {
				return err
			}
			band.Color, band.LineStyle.Width = pale, 0
			p.Add(band)
		} else if weight > 0 {
			raw, err := plotter.NewLine(high)
			if err != nil {
				return err
			}
			raw.Color = pale
			p.Add(raw)
		}
		drawn, err := plotter.NewLine(curve)
		if err != nil {
			return err
		}
		drawn.Color, drawn.Width = l.color, vg.Points(1.3)
		p.Add(drawn)
		if len(curve) == 1 {
			dot, err := plotter.NewScatter(curve)
			if err != nil {
				return err
			}
			dot.GlyphStyle = draw.GlyphStyle{Color: l.color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
			p.Add(dot)
		}
	}
	return nil
}

// marks are the ticks of an axis: n or fewer round values, or times.
type marks struct {
	n         int
	log, time bool
}

// Ticks returns the ticks from low to high.
func (m marks) Ticks(low, high float64) (out []plot.Tick) {
	values, label := ticks.Linear, ticks.Format
	switch {
	case m.time:
		values, label = ticks.Times, ticks.Time
	case m.log:
		values = ticks.Log
	}
	for _, v := range values(low, high, m.n) {
		out = append(out, plot.Tick{Value: v, Label: label(v)})
	}
	return out
}

// The sizes of a picture at its usual width.
const (
	usualWidth   = 960
	plotHeight   = 260
	pixelsAnInch = 96
)

// A format makes the canvas of a picture.
type format func(w, h vg.Length) vg.CanvasWriterTo

func png(w, h vg.Length) vg.CanvasWriterTo {
	return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(pixelsAnInch), vgimg.UseBackgroundColor(color.White))}
}
func svg(w, h vg.Length) vg.CanvasWriterTo { return vgsvg.New(w, h) }
func pdf(w, h vg.Length) vg.CanvasWriterTo { return vgpdf.New(w, h) }

// drawing returns a function that draws in a format: the charts stand one below another, with aligned axes.
func drawing(f format) func(w io.Writer, runs []*Run, o Options) error {
	return func(w io.Writer, runs []*Run, o Options) error {
		all := charts(runs, o)
		width := o.Width
		if width == 0 {
			width = usualWidth
		}
		plots, low, high := make([][]*plot.Plot, len(all)), math.Inf(1), math.Inf(-1)
		for i, c := range all {
			p, err := c.plot(o)
			if err != nil {
				return err
			}
			if i == len(all)-1 {
				switch p.X.Label.Text = "step"; {
				case o.Time:
					p.X.Label.Text = "time trained"
				case o.Epochs:
					p.X.Label.Text = "epoch"
				}
			}
			plots[i] = []*plot.Plot{p}
			low, high = min(low, p.X.Min), max(high, p.X.Max)
		}
		switch {
		case math.IsInf(low, 0): // nothing is visible
			low, high = 0, 1
		case high == low: // one step
			low, high = low-0.5, high+0.5
		}
		for _, row := range plots {
			row[0].X.Min, row[0].X.Max = low, high
		}
		inch := func(pixels int) vg.Length { return vg.Length(pixels) / pixelsAnInch * vg.Inch }
		canvas := f(inch(width), inch(plotHeight*len(all)*max(width, usualWidth/2)/usualWidth))
		area := draw.New(canvas)
		tiles := draw.Tiles{Rows: len(all), Cols: 1, PadY: vg.Points(10), PadTop: vg.Points(8), PadBottom: vg.Points(6), PadLeft: vg.Points(8), PadRight: vg.Points(16)}
		for i, row := range plot.Align(plots, tiles, area) {
			plots[i][0].Draw(row[0])
			all[i].heading(plots[i][0], row[0])
		}
		_, err := canvas.WriteTo(w)
		return err
	}
}
