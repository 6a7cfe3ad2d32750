package viewer

import (
	"flag"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"testing"
)

var (
	shotOf    = flag.String("shot", "", "what TestShot draws: WINDOW, PANEL or WINDOW/PANEL")
	shotTo    = flag.String("shot.o", "", "the PNG that TestShot writes")
	shotSize  = flag.String("shot.size", "", "of the window, as 1280x800")
	shotScale = flag.Float64("shot.scale", 0, "pixels of the PNG for one of the window")
)

// TestShot draws a window or one of its panels to a PNG: for scripts/shot what its flags say, otherwise one panel.
func TestShot(t *testing.T) {
	if *shotOf != "" {
		img, err := shoot(t, *shotOf, *shotSize, *shotScale)
		if err != nil {
			t.Fatal(err)
		}
		write(t, *shotTo, img)
		return
	}
	panel, err := shoot(t, "classes-small/features", "900x600", 2) // behind a tab
	if err != nil {
		t.Fatal(err)
	}
	if s := panel.Rect.Size(); s.X < 600 || s.X >= 1800 || s.Y < 600 || s.Y >= 1200 {
		t.Errorf("the panel is %v", panel.Rect)
	}
	for _, corner := range []image.Point{{}, panel.Rect.Max.Sub(image.Pt(1, 1))} {
		if at := panel.RGBAAt(corner.X, corner.Y); at != panelColor[Dark] {
			t.Errorf("the panel's corner at %v is %v, want %v", corner, at, panelColor[Dark])
		}
	}
	for what, want := range map[string]string{
		"nonsense":     "windows are training, ",
		"dates/Latent": "its panels are",
		"dates/":       "its panels are",
	} {
		if _, err := shoot(t, what, "", 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want one with %q", what, err, want)
		}
	}
	if _, err := shoot(t, "Samples", "wide", 0); err == nil || !strings.Contains(err.Error(), "write it as 1280x800") {
		t.Errorf("a size of wide: got the error %v", err)
	}
}

// shoot draws a window by its name, or a panel by its title in the first window that has it, or in the one that is named. An empty size
// or scale is the window's own.
func shoot(t *testing.T, what, size string, scale float64) (*image.RGBA, error) {
	t.Helper()
	name, title, ofPanel := strings.Cut(what, "/")
	i := slices.IndexFunc(drawings, func(w drawing) bool { return w.name == name })
	if i < 0 && !ofPanel {
		title, ofPanel = what, true
		i = slices.IndexFunc(drawings, func(w drawing) bool { return w.open(t).titled(title) >= 0 })
	}
	if i < 0 {
		return nil, fmt.Errorf("there is no window or panel %q: windows are %s; their panels are %s", what, names(), strings.Join(allTitles(t), ", "))
	}
	w := drawings[i]
	if size != "" {
		if _, err := fmt.Sscanf(size, "%gx%g", &w.size.X, &w.size.Y); err != nil || w.size.X < 1 || w.size.Y < 1 {
			return nil, fmt.Errorf("the size is %q: write it as 1280x800", size)
		}
	}
	if scale > 0 {
		w.scale = scale
	}
	d := w.open(t)
	if !ofPanel {
		return draw(t, d.State, w.scale), nil
	}
	p := d.titled(title)
	if p < 0 {
		return nil, fmt.Errorf("the window %s has no panel %q: its panels are %s", w.name, title, strings.Join(d.Titles(), ", "))
	}
	d.raiseTab(p)
	return cut(draw(t, d.State, w.scale), d.places[p], w.scale), nil
}

// titled returns which panel that can be seen has the title, in any case of letters; -1 for none.
func (d *desk) titled(title string) int {
	return slices.IndexFunc(d.panels, func(p Panel) bool {
		return p.Title() != "" && strings.EqualFold(p.Title(), title) && p.Shape(d.s) != Hidden
	})
}

// raiseTab clicks on the tab of panel i, if it has one.
func (d *desk) raiseTab(i int) {
	for _, q := range d.slots {
		if k := slices.Index(q.panels, i); k >= 0 && len(q.panels) > 1 {
			d.click(Point{q.tab(k).X + 5, q.tab(k).Y + 5})
		}
	}
}

// cut returns a copy of the area r of a picture of a window.
func cut(img *image.RGBA, r Rect, scale float64) *image.RGBA {
	from := image.Pt(int(math.Ceil(r.X*scale)), int(math.Ceil(r.Y*scale)))
	out := image.NewRGBA(image.Rect(0, 0, int(r.W*scale), int(r.H*scale)))
	for y := range out.Rect.Dy() {
		copy(out.Pix[y*out.Stride:(y+1)*out.Stride], img.Pix[img.PixOffset(from.X, from.Y+y):])
	}
	return out
}

func names() string {
	var all []string
	for _, w := range drawings {
		all = append(all, w.name)
	}
	return strings.Join(all, ", ")
}

// allTitles returns the titles of all panels of all windows.
func allTitles(t *testing.T) []string {
	var all []string
	for _, w := range drawings {
		all = append(all, w.open(t).Titles()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
