package viewer

import (
	"image/color"
	"math"
	"testing"
)

// TestContrast: in both themes texts and curves stand out from what they are drawn on, as WCAG 2.2 wants it (1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	luminance := func(c color.RGBA) float64 {
		f := func(v uint8) float64 {
			if x := float64(v) / 255; x > 0.04045 {
				return math.Pow((x+0.055)/1.055, 2.4)
			}
			return float64(v) / 255 / 12.92
		}
		return 0.2126*f(c.R) + 0.7152*f(c.G) + 0.0722*f(c.B)
	}
	contrast := func(a, b color.RGBA) float64 {
		x, y := luminance(a), luminance(b)
		return (max(x, y) + 0.05) / (min(x, y) + 0.05)
	}
	type pair struct {
		name     string
		ink, bed Color
		least    float64
	}
	pairs := []pair{
		{"dim text on a button", dimColor, buttonColor, 4.5},
		{"text on a button under the cursor", textColor, hoverColor, 4.5},
		{"the label of a pressed button", backColor, accentColor, 3},
		{"the model's points", madeColor, midColor, 4.5},
	}
	for name, ink := range map[string]Color{"text": textColor, "dim text": dimColor, "accent": accentColor, "alert": alertColor} {
		pairs = append(pairs, pair{name, ink, panelColor, 4.5})
	}
	for _, ink := range curveColors {
		pairs = append(pairs, pair{"a curve", ink, panelColor, 3})
	}
	for _, theme := range []Theme{Dark, Light} {
		for _, p := range pairs {
			if got := contrast(p.ink[theme], p.bed[theme]); got < p.least {
				t.Errorf("theme %d: the contrast of %s is %.1f, want at least %v", theme, p.name, got, p.least)
			}
		}
	}
}

// TestTheThemeChanges: its key changes the colours of the window and of pictures that panels keep, and changes them back.
func TestTheThemeChanges(t *testing.T) {
	d := newDesk(t, dates())
	_, p := panel[*HeatMaps](d)
	first := p.maps[p.chosen].RGBAAt(3, 0)
	for i := range 2 {
		d.e.Keys.Theme = true
		if !d.tick() {
			t.Error("no redraw")
		}
		d.e.Keys.Theme = false
		d.tick()
		if got := p.maps[p.chosen].RGBAAt(3, 0); (got == first) != (i == 1) || (d.now.Theme == Dark) != (i == 1) {
			t.Errorf("after %d changes the theme is %d and a map's colour %v, at first %v", i+1, d.now.Theme, got, first)
		}
	}
}
