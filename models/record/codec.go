package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math"
	"slices"

	"genview/models/safetensors"
	"genview/models/watch"
)

// line is a view in the form of a .jsonl line.
type line struct {
	Kind  string          `json:"kind"`
	View  json.RawMessage `json:"view"` // without numbers and pictures
	Sheet *sheet          `json:"sheet,omitempty"`
}

// sheet describes the layout of a view's pictures on their sheet: side by side, row by row, without gaps.
type sheet struct {
	Images int `json:"images"`
	Width  int `json:"width"` // of one
	Height int `json:"height"`
}

func (s sheet) cols() int { return int(math.Ceil(math.Sqrt(float64(s.Images)))) }

// at returns the rectangle of a picture.
func (s sheet) at(i int) image.Rectangle {
	return image.Rect(0, 0, s.Width, s.Height).Add(image.Pt(i%s.cols()*s.Width, i/s.cols()*s.Height))
}

func (s sheet) bounds() image.Rectangle {
	rows := (s.Images + s.cols() - 1) / s.cols()
	return image.Rect(0, 0, s.cols()*s.Width, rows*s.Height)
}

// encoded holds views as the parts that are written.
type encoded struct {
	lines  []line
	sheets map[int]image.Image // by line number
	safetensors.File
}

// encode converts views to the parts that are written.
func encode(views []watch.View) (*encoded, error) {
	e := &encoded{sheets: map[int]image.Image{}}
	for i, v := range views {
		l := line{}
		var plain any
		switch v := v.(type) {
		case *watch.Curves:
			c := *v
			c.Groups = nil
			for g, group := range v.Groups {
				group.Series = append([]watch.Series(nil), group.Series...)
				for k := range group.Series {
					s := &group.Series[k]
					e.series(name(i, g, k, "values"), &s.Values)
					e.series(name(i, g, k, "low"), &s.Low)
					e.series(name(i, g, k, "high"), &s.High)
				}
				c.Groups = append(c.Groups, group)
			}
			l.Kind, plain = "curves", c
		case *watch.Pictures:
			c := *v
			c.Images = nil
			l.Kind, plain = "pictures", c
			if len(v.Images) > 0 {
				b := v.Images[0].Rect
				l.Sheet = &sheet{len(v.Images), b.Dx(), b.Dy()}
				e.sheets[i] = l.Sheet.lay(v.Images)
			}
		case *watch.Texts:
			l.Kind, plain = "texts", *v
		case *watch.HeatMaps:
			c := *v
			c.Maps = append([]watch.Map(nil), v.Maps...)
			for k := range c.Maps {
				m := &c.Maps[k]
				e.add(name(i, k), safetensors.Half(m.Values), m.Heads, len(m.Rows), len(m.Cols))
				m.Values = nil
			}
			l.Kind, plain = "heat maps", c
		case *watch.Scatter:
			c := *v
			c.Sets = append([]watch.Points(nil), v.Sets...)
			for k := range c.Sets {
				e.add(name(i, k), safetensors.Half(c.Sets[k].XY), len(c.Sets[k].XY)/2, 2)
				c.Sets[k].XY = nil
			}
			if v.Field != nil {
				f := *v.Field
				e.add(name(i, "field"), safetensors.Half(f.Values), f.Side, f.Side)
				f.Values, c.Field = nil, &f
			}
			l.Kind, plain = "scatter", c
		case *watch.Table:
			l.Kind, plain = "table", *v
		case *watch.Layers:
			l.Kind, plain = "layers", *v
		case *watch.Latent:
			c := *v
			c.Points = append([]watch.Point(nil), v.Points...)
			var z []float32
			for k := range c.Points {
				z = append(z, c.Points[k].Z...)
				c.Points[k].Z = nil
			}
			e.add(name(i), z, len(c.Points), c.Z) // in full precision, so that the same picture is drawn
			l.Kind, plain = "latent", c
		default:
			return nil, fmt.Errorf("record: %s is of a kind that recordings do not know", v.Title())
		}
		p, err := json.Marshal(plain)
		if err != nil {
			return nil, fmt.Errorf("record: %s: %w", v.Title(), err)
		}
		l.View = p
		e.lines = append(e.lines, l)
	}
	return e, nil
}

// name returns the tensor name of numbers of the view in line i.
func name(i int, parts ...any) string {
	s := fmt.Sprint(i)
	for _, p := range parts {
		s += fmt.Sprintf(".%v", p)
	}
	return s
}

func (e *encoded) add(name string, values any, shape ...int) {
	e.Tensors = append(e.Tensors, safetensors.Tensor{Name: name, Shape: shape, Values: values})
}

// series moves the numbers of a curve, if there are any, to the tensors.
func (e *encoded) series(name string, values *[]float64) {
	if *values == nil {
		return
	}
	v := make([]float32, len(*values))
	for i, x := range *values {
		v[i] = float32(x)
	}
	e.add(name, v, len(v))
	*values = nil
}

// lay draws pictures onto a sheet. If all are grey, so is the sheet, which takes a third of the space.
func (s sheet) lay(images []*image.RGBA) image.Image {
	all := image.NewRGBA(s.bounds())
	draw.Draw(all, all.Rect, image.Black, image.Point{}, draw.Src)
	for i, img := range images {
		draw.Draw(all, s.at(i), img, img.Rect.Min, draw.Src)
	}
	grey := image.NewGray(all.Rect)
	for i := range grey.Pix {
		p := all.Pix[4*i : 4*i+4]
		if p[0] != p[1] || p[1] != p[2] || p[3] != 0xff {
			return all
		}
		grey.Pix[i] = p[0]
	}
	return grey
}

// cut splits a sheet into its pictures.
func (s sheet) cut(img image.Image) ([]*image.RGBA, error) {
	if s.Images < 1 || s.Width < 1 || s.Height < 1 || s.bounds().Size() != img.Bounds().Size() {
		return nil, fmt.Errorf("its sheet is %v and not %d pictures of %d × %d", img.Bounds().Size(), s.Images, s.Width, s.Height)
	}
	all := make([]*image.RGBA, s.Images)
	for i := range all {
		all[i] = image.NewRGBA(image.Rect(0, 0, s.Width, s.Height))
		draw.Draw(all[i], all[i].Rect, img, img.Bounds().Min.Add(s.at(i).Min), draw.Src)
	}
	return all, nil
}

// A source provides the parts of a view that are not in its line.
type source struct {
	numbers *safetensors.File // nil: they cannot be read
	sheet   func() (image.Image, error)
}

// take returns the tensor with a name, which must have n values.
func (s source) take(name string, n int) ([]float32, error) {
	if s.numbers == nil {
		return nil, errors.New("its numbers are lost")
	}
	t, _ := s.numbers.Find(name)
	v, _ := t.Values.([]float32)
	if n < 0 || len(v) != n {
		return nil, fmt.Errorf("it has %d numbers where %d belong", len(v), n)
	}
	return v, nil
}

// pictures rebuilds a view of pictures.
func (l line) pictures(s source) (watch.View, error) {
	v, err := plain[watch.Pictures](l)
	switch {
	case err != nil:
		return nil, err
	case l.Sheet == nil:
		return nil, errors.New("it has no pictures")
	}
	img, err := s.sheet()
	if err != nil {
		return nil, err
	}
	v.Images, err = l.Sheet.cut(img)
	if n := len(v.Images); err == nil && (v.Captions != nil && len(v.Captions) != n || v.Marks != nil && len(v.Marks) != n || v.Points != nil && len(v.Points) != n) {
		err = errors.New("it has not a caption, mark or point for each picture")
	}
	return v, err
}

// decode rebuilds the view in line i.
func (l line) decode(i int, s source) (watch.View, error) {
	switch l.Kind {
	case "curves":
		v, err := plain[watch.Curves](l)
		if err != nil {
			return nil, err
		}
		for g := range v.Groups {
			for k := range v.Groups[g].Series {
				if err := s.curve(i, g, k, &v.Groups[g].Series[k]); err != nil {
					return nil, err
				}
			}
		}
		return v, nil
	case "pictures":
		return l.pictures(s)
	case "texts":
		return orNil(plain[watch.Texts](l))
	case "heat maps":
		v, err := plain[watch.HeatMaps](l)
		for k := 0; err == nil && k < len(v.Maps); k++ {
			m := &v.Maps[k]
			if m.Heads < 1 || len(m.Rows) == 0 || len(m.Cols) == 0 {
				err = errors.New("it has an empty map")
				break
			}
			m.Values, err = s.take(name(i, k), m.Heads*len(m.Rows)*len(m.Cols))
		}
		return orNil(v, err)
	case "scatter":
		v, err := plain[watch.Scatter](l)
		if err == nil && len(v.Sets) == 0 {
			err = errors.New("it has no points")
		}
		for k := 0; err == nil && k < len(v.Sets); k++ {
			v.Sets[k].XY, err = s.points(name(i, k))
		}
		if err == nil && v.Field != nil {
			v.Field.Values, err = s.take(name(i, "field"), v.Field.Side*v.Field.Side)
		}
		return orNil(v, err)
	case "table":
		v, err := plain[watch.Table](l)
		if err == nil && slices.ContainsFunc(v.Rows, func(row []string) bool { return len(row) != len(v.Columns) }) {
			err = errors.New("a row of it is longer or shorter than its columns")
		}
		return orNil(v, err)
	case "layers":
		return orNil(plain[watch.Layers](l))
	case "latent":
		v, err := plain[watch.Latent](l)
		if err != nil {
			return nil, err
		}
		z, err := s.take(name(i), len(v.Points)*v.Z)
		if err != nil {
			return nil, err
		}
		for k := range v.Points {
			v.Points[k].Z = z[k*v.Z : (k+1)*v.Z]
		}
		return v, nil
	}
	return nil, fmt.Errorf("%q is no kind of view that this version knows", l.Kind)
}

// points returns the tensor with a name as pairs of any number.
func (s source) points(name string) ([]float32, error) {
	if s.numbers == nil {
		return s.take(name, 0)
	}
	t, ok := s.numbers.Find(name)
	v, is := t.Values.([]float32)
	if !ok || !is || len(v)%2 != 0 {
		return nil, errors.New("its points are lost")
	}
	return v, nil
}

// curve reads the values of a curve, and its bounds if it has any.
func (s source) curve(i, g, k int, c *watch.Series) error {
	for _, f := range []struct {
		name string
		to   *[]float64
	}{{"values", &c.Values}, {"low", &c.Low}, {"high", &c.High}} {
		v, err := s.take(name(i, g, k, f.name), len(c.Steps))
		switch {
		case err != nil && f.name != "values": // a curve may have no bounds
			continue
		case err != nil:
			return err
		}
		for _, x := range v {
			*f.to = append(*f.to, float64(x))
		}
	}
	if (c.Low == nil) != (c.High == nil) {
		c.Low, c.High = nil, nil
	}
	return nil
}

// plain decodes the JSON of a view's line.
func plain[V any](l line) (*V, error) {
	v := new(V)
	if err := json.Unmarshal(l.View, v); err != nil {
		return nil, err
	}
	return v, nil
}

// orNil returns v as a view, or nil if there is an error.
func orNil[V watch.View](v V, err error) (watch.View, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}
