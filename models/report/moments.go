package report

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"slices"
	"strconv"

	"genview/models/family"
	"genview/models/heads"
	"genview/models/lettering"
	"genview/models/picture"
	"genview/models/record"
	"genview/models/train"
	"genview/models/watch"
)

// moments fills in what the recording has.
func (d *document) moments(ctx context.Context, folder *train.Run, o Options) error {
	r, err := folder.Recording()
	if errors.Is(err, record.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	fonts, err := lettering.New(lettering.Options{CacheDir: o.CacheDir})
	if err != nil {
		return err
	}
	steps := spread(r.Steps(), o.Moments)
	live := liveSteps(r, steps, o.Values)
	for i, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if o.Count != nil {
			o.Count(i, len(steps))
		}
		at, err := r.At(step)
		if err != nil {
			at = &record.Moment{Lost: []string{err.Error()}}
		}
		for _, problem := range at.Lost {
			if o.Lost != nil {
				o.Lost(problem)
			}
		}
		m := moment{Step: step}
		for _, v := range at.Views {
			shown, err := viewOf(fonts, v, slices.Contains(live, step))
			if err != nil {
				return err
			}
			if shown != nil {
				m.Views = append(m.Views, *shown)
			}
		}
		if len(m.Views) > 0 {
			d.Moments = append(d.Moments, m)
		}
	}
	return nil
}

// spread returns at most n of the steps, evenly, with the first and the last.
func spread(steps []int, n int) []int {
	if len(steps) <= n {
		return steps
	}
	out := make([]int, n)
	for i := range out {
		out[i] = steps[i*(len(steps)-1)/max(1, n-1)]
	}
	out[n-1] = steps[len(steps)-1]
	return out
}

// liveSteps returns the steps whose maps the page has with their values, most in all, going by the newest, which is the last to go.
func liveSteps(r *record.Recording, steps []int, most int) []int {
	if len(steps) == 0 {
		return nil
	}
	at, err := r.At(steps[len(steps)-1])
	if err != nil {
		return nil
	}
	each := 0
	for _, v := range at.Views {
		if v, ok := v.(*watch.HeatMaps); ok {
			each += weightsOf(v)
		}
	}
	switch n := most / max(1, each); {
	case n == 0:
		return nil
	case n == 1:
		return steps[len(steps)-1:]
	default:
		return spread(steps, n)
	}
}

// weightsOf returns the number of values in maps.
func weightsOf(v *watch.HeatMaps) (n int) {
	for _, m := range v.Maps {
		n += len(m.Values)
	}
	return n
}

// viewOf returns a view as the page shows it; nil if it does not. live: maps keep their values.
func viewOf(fonts *lettering.Fonts, v watch.View, live bool) (*view, error) {
	out := &view{Name: v.Title()}
	switch v := v.(type) {
	case *watch.Texts:
		if v.Judged() {
			out.Table = [][]string{{"input", "output", "correct"}}
			for _, e := range v.Examples {
				out.Table = append(out.Table, []string{e.Input, e.Output, e.Want})
			}
			return out, nil
		}
		for _, e := range v.Examples {
			out.Texts = append(out.Texts, e.Input+e.Output)
		}
		return out, nil
	case *watch.Table:
		out.Table = append([][]string{v.Columns}, v.Rows...)
		return out, nil
	case *watch.Layers:
		out.Table = layers(v)
		return out, nil
	}
	if !picture.Drawn(v) {
		return nil, nil
	}
	if v, ok := v.(*watch.HeatMaps); ok && live {
		out.Maps = heads.Page(v)
		return out, nil
	}
	_, out.Sharp = v.(*watch.Pictures)
	var p bytes.Buffer
	if err := png.Encode(&p, picture.Of(fonts, v)); err != nil {
		return nil, err
	}
	out.Picture = base64.StdEncoding.EncodeToString(p.Bytes())
	return out, nil
}

// layers returns a table of a model's parameters.
func layers(v *watch.Layers) [][]string {
	digits := func(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }
	rows := [][]string{{"parameter", "shape", "values", "mean", "deviation", "largest", "gradient's deviation"}}
	for _, l := range v.Layers {
		row := []string{l.Name, fmt.Sprint(l.Shape), family.CountOf(l.Parameters(), "value"), digits(l.Weight.Mean), digits(l.Weight.Std), digits(l.Weight.Most), ""}
		if len(l.Gradient.Counts) > 0 {
			row[6] = digits(l.Gradient.Std)
		}
		rows = append(rows, row)
	}
	return rows
}
