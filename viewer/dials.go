package viewer

import (
	"fmt"
	"math"

	"genview/models/watch"
)

// dials are the settings of a run that can be changed while it trains: a row for each, with buttons that halve and double it.
type dials struct{ lower, higher []button }

const (
	dialHeight = 36
	dialLabel  = 250 // width at most
	dialValue  = 96
	dialButton = 36
)

// dialParts are the areas of a row.
type dialParts struct{ name, lower, value, higher Rect }

func dialRow(r Rect, i int) (q dialParts) {
	row := Rect{r.X, r.Y + dialHeight*float64(i), r.W, dialHeight - 6}
	q.name, row = row.Left(min(dialLabel, max(0, r.W-dialValue-2*dialButton-8)))
	_, row = row.Left(8)
	q.lower, row = row.Left(dialButton)
	q.value, row = row.Left(dialValue)
	q.higher, _ = row.Left(dialButton)
	return q
}

// fits returns how many rows there is room for.
func (p *dials) fits(r Rect, all []watch.Dial) int { return min(len(all), int(r.H/dialHeight)) }

// update handles the buttons.
func (p *dials) update(in Input, r Rect, all []watch.Dial) (ask []watch.Request, redraw bool) {
	if len(p.lower) != len(all) {
		p.lower, p.higher = make([]button, len(all)), make([]button, len(all))
	}
	for i, d := range all[:p.fits(r, all)] {
		q := dialRow(r, i)
		less, a := p.lower[i].update(in, q.lower)
		more, b := p.higher[i].update(in, q.higher)
		if value := other(d, less, more); value != d.Value {
			ask = append(ask, watch.Turn{Key: d.Key, Value: value})
		}
		redraw = redraw || a || b
	}
	return ask, redraw
}

// other returns half or twice a setting's value.
func other(d watch.Dial, less, more bool) float64 {
	value := d.Value
	switch {
	case less:
		value /= 2
	case more && value == 0:
		value = 1
	case more:
		value *= 2
	}
	if d.Whole {
		value = max(1, math.Floor(value))
	}
	return value
}

// draw draws the rows.
func (p *dials) draw(c *Canvas, r Rect, all []watch.Dial) {
	if len(p.lower) != len(all) {
		return
	}
	ink := Text{Size: 13, Color: textColor}
	for i, d := range all[:p.fits(r, all)] {
		q := dialRow(r, i)
		middle := q.value.Y + q.value.H/2
		c.Text(c.Shorten(d.Name, ink, q.name.W), Point{q.name.X, middle}, ink)
		p.lower[i].draw(c, q.lower, "−")
		p.higher[i].draw(c, q.higher, "+")
		c.Fill(q.value, backColor)
		text := fmt.Sprintf("%.4g", d.Value)
		if d.Whole {
			text = formatCount(int(d.Value))
		}
		c.Text(text, Point{q.value.X + q.value.W/2, middle}, Text{Size: 13, Color: textColor, Align: Center})
	}
}
