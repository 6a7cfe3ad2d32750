package atlas

import (
	"encoding/csv"
	"fmt"
	"image/color"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/watch"
	"genview/vk/files"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Chart says how a map is drawn.
type Chart struct {
	Pictures bool // in place of dots in the colours of their classes
	Side     int  // of the map in pixels; 0: 800
}

// The sides that a map can have in pixels, and the density of PNGs.
const (
	usualSide    = 800
	LeastSide    = 200
	MostSide     = 8192
	pixelsAnInch = 96
)

// forms are the forms that a file can have, by the ending of its name.
var forms = map[string]func(w io.Writer, a *watch.Atlas, c Chart) error{
	".csv": table,
	".png": drawing(func(w, h vg.Length) vg.CanvasWriterTo {
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(pixelsAnInch), vgimg.UseBackgroundColor(color.White))}
	}),
	".svg": drawing(func(w, h vg.Length) vg.CanvasWriterTo { return vgsvg.New(w, h) }),
	".pdf": drawing(func(w, h vg.Length) vg.CanvasWriterTo { return vgpdf.New(w, h) }),
}

// CheckName returns an error if a file cannot be written under a name.
func CheckName(path string) error {
	if ending := strings.ToLower(filepath.Ext(path)); forms[ending] == nil {
		return fmt.Errorf("atlas: %s ends in %q; the forms are %s", path, ending, strings.Join(slices.Sorted(maps.Keys(forms)), ", "))
	}
	return nil
}

// Write writes a map to a file, whole or not at all. The name's ending chooses the form.
func Write(path string, a *watch.Atlas, c Chart) error {
	if err := CheckName(path); err != nil {
		return err
	}
	if c.Side == 0 {
		c.Side = usualSide
	}
	if c.Side < LeastSide || c.Side > MostSide {
		return fmt.Errorf("atlas: a side of %d pixels: give %d to %d", c.Side, LeastSide, MostSide)
	}
	return files.Write(path, func(w io.Writer) error { return forms[strings.ToLower(filepath.Ext(path))](w, a, c) })
}

// table writes a line for each picture: its number, its class, its place, its latent vector.
func table(to io.Writer, a *watch.Atlas, _ Chart) error {
	w := csv.NewWriter(to)
	head := []string{"picture", "class", "x", "y"}
	for k := range a.Z[0] {
		head = append(head, "z"+strconv.Itoa(k+1))
	}
	_ = w.Write(head) // w.Error has the error
	for i, z := range a.Z {
		at := a.Place(i)
		line := []string{strconv.Itoa(i), a.Class(i), strconv.FormatFloat(at[0], 'g', 9, 64), strconv.FormatFloat(at[1], 'g', 9, 64)}
		for _, v := range z {
			line = append(line, strconv.FormatFloat(float64(v), 'g', -1, 32))
		}
		_ = w.Write(line)
	}
	w.Flush()
	return w.Error()
}

// drawing returns a function that draws in a format.
func drawing(format func(w, h vg.Length) vg.CanvasWriterTo) func(w io.Writer, a *watch.Atlas, c Chart) error {
	return func(w io.Writer, a *watch.Atlas, c Chart) error {
		p := plot.New()
		for _, t := range []*draw.TextStyle{&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
			t.Font.Variant, t.Font.Size = "Sans", vg.Points(9)
		}
		for k, axis := range []*plot.Axis{&p.X, &p.Y} {
			axis.LineStyle.Color, axis.Tick.LineStyle.Color = color.Gray{0x90}, color.Gray{0x90}
			switch {
			case a.Places != nil: // of t-SNE only who is near whom says something
				axis.Tick.Marker = plot.ConstantTicks(nil)
				axis.Label.Text = fmt.Sprintf("t-SNE %d", k+1)
			case k < len(a.Shares):
				axis.Label.Text = fmt.Sprintf("principal component %d, %.0f %% of the variance", k+1, 100*a.Shares[k])
			default:
				axis.Label.Text = fmt.Sprintf("z%d", k+1)
			}
		}
		side := vg.Length(c.Side) * vg.Inch / pixelsAnInch
		var legends []plot.Legend
		if c.Pictures {
			p.Add(thumbnails{a, side / 28})
		} else {
			var err error
			if legends, err = dots(p, a, side); err != nil {
				return err
			}
		}
		widen(&p.X)
		widen(&p.Y)
		canvas := format(side+vg.Length(len(legends))*legendWidth, side)
		whole := draw.New(canvas)
		p.Draw(draw.Crop(whole, 0, -vg.Length(len(legends))*legendWidth, 0, 0))
		for k := range legends {
			legends[k].Draw(draw.Crop(whole, side+vg.Length(k)*legendWidth, 0, 0, 0))
		}
		_, err := canvas.WriteTo(w)
		return err
	}
}

// widen leaves room beyond the outermost places.
func widen(axis *plot.Axis) {
	by := 0.03 * (axis.Max - axis.Min)
	axis.Min, axis.Max = axis.Min-by, axis.Max+by
}

// The size of a legend, in as many columns as needed.
const (
	legendWidth = vg.Length(64)
	legendLine  = vg.Length(11)
)

// dots draws the pictures of each class in its colour, and returns columns that name the classes.
func dots(p *plot.Plot, a *watch.Atlas, height vg.Length) (legends []plot.Legend, err error) {
	byClass := map[int32]plotter.XYs{}
	for i := range a.Z {
		at := a.Place(i)
		byClass[a.Classes[i]] = append(byClass[a.Classes[i]], plotter.XY{X: at[0], Y: at[1]})
	}
	classes, lines := slices.Sorted(maps.Keys(byClass)), max(1, int(height/legendLine)-1)
	colors := palette.Rainbow(max(2, len(classes)), palette.Red, palette.Magenta, 0.85, 0.8, 1).Colors()
	for k, class := range classes {
		s, err := plotter.NewScatter(byClass[class])
		if err != nil {
			return nil, err
		}
		s.GlyphStyle = draw.GlyphStyle{Color: colors[k], Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
		p.Add(s)
		if k%lines == 0 {
			l := plot.NewLegend()
			l.TextStyle.Font, l.Top, l.Left = p.X.Label.TextStyle.Font, true, true
			l.ThumbnailWidth = vg.Points(10)
			legends = append(legends, l)
		}
		legends[len(legends)-1].Add(a.NameOf(class), s)
	}
	return legends, nil
}

// thumbnails draws the pictures at their places, but for those that would hide others.
type thumbnails struct {
	*watch.Atlas
	side vg.Length
}

// Plot implements plot.Plotter.
func (t thumbnails) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var drawn []vg.Point
	for i, img := range t.Images {
		at := t.Place(i)
		low := vg.Point{X: x(at[0]) - t.side/2, Y: y(at[1]) - t.side/2}
		if slices.ContainsFunc(drawn, func(q vg.Point) bool {
			return math.Abs(float64(low.X-q.X)) < float64(t.side) && math.Abs(float64(low.Y-q.Y)) < float64(t.side)
		}) {
			continue
		}
		drawn = append(drawn, low)
		c.DrawImage(vg.Rectangle{Min: low, Max: low.Add(vg.Point{X: t.side, Y: t.side})}, img)
	}
}

// DataRange implements plot.DataRanger.
func (t thumbnails) DataRange() (xmin, xmax, ymin, ymax float64) {
	for i := range t.Z {
		at := t.Place(i)
		xmin, xmax, ymin, ymax = min(xmin, at[0]), max(xmax, at[0]), min(ymin, at[1]), max(ymax, at[1])
	}
	return xmin, xmax, ymin, ymax
}
