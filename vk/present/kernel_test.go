package present_test

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"genview/shaders"
	"genview/shaders/spirv/virtual"
	"genview/vk"
	"genview/vk/present"
	"genview/vk/vktest"
)

// drawing is a picture in a window, and how it is to be shown.
type drawing struct {
	c, h, w           int
	height, width     int
	smooth, blueFirst bool
	values            []float32
}

// drawn returns a drawing of random values. Some are below 0, above 1, or no numbers.
func drawn(c, h, w, height, width int, smooth, blueFirst bool) drawing {
	d := drawing{c, h, w, height, width, smooth, blueFirst, make([]float32, c*h*w)}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range d.values {
		d.values[i] = rng.Float32()*1.2 - 0.1
	}
	d.values[0], d.values[len(d.values)-1] = float32(math.NaN()), float32(math.Inf(1))
	return d
}

// value returns a value of the picture, whose edge goes on beyond it.
func (d *drawing) value(colour, y, x int) float64 {
	y, x = min(max(y, 0), d.h-1), min(max(x, 0), d.w-1)
	return float64(d.values[(colour*d.h+y)*d.w+x])
}

// colour returns what a colour is at a point of the picture, in values from its corner, from 0 to 255.
func (d *drawing) colour(colour int, y, x float64) float64 {
	v := d.value(colour, int(y), int(x))
	if d.smooth {
		y, x = y-0.5, x-0.5
		v = 0
		for i := -1; i <= 2; i++ {
			for j := -1; j <= 2; j++ {
				v += keys(y-math.Floor(y)-float64(i)) * keys(x-math.Floor(x)-float64(j)) * d.value(colour, int(math.Floor(y))+i, int(math.Floor(x))+j)
			}
		}
	}
	if !(v > 0) {
		return 0
	}
	return min(v, 1) * 255
}

// keys is Keys' cubic kernel (1981, a = −1/2), which is Catmull and Rom's spline.
func keys(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return 1.5*x*x*x - 2.5*x*x + 1
	case x < 2:
		return -0.5*x*x*x + 2.5*x*x - 4*x + 2
	}
	return 0
}

// check compares the pixels of a window with the drawing.
func (d *drawing) check(t *testing.T, img *image.RGBA) {
	t.Helper()
	_, top, left, rows, columns := present.Placed(d.height, d.width, d.h, d.w, d.smooth)
	if got := img.Bounds().Size(); got != image.Pt(d.width, d.height) {
		t.Errorf("%d × %d pixels, want %d × %d", got.X, got.Y, d.width, d.height)
		return
	}
	wrong := 0
	for y := range d.height {
		for x := range d.width {
			want := [3]float64{}
			if r, c := y-top, x-left; r >= 0 && r < rows && c >= 0 && c < columns {
				for k := range want {
					want[k] = d.colour(min(k, d.c-1), (float64(r)+0.5)*float64(d.h)/float64(rows), (float64(c)+0.5)*float64(d.w)/float64(columns))
				}
			}
			got := img.RGBAAt(x, y)
			for k, v := range []byte{got.R, got.G, got.B} {
				if !(math.Abs(float64(v)-want[k]) <= 0.51) || got.A != 255 {
					if wrong++; wrong <= 3 {
						t.Errorf("pixel %d, %d is %v, want %.2f", x, y, got, want)
					}
				}
			}
		}
	}
}

// pixels converts a window's bytes.
func (d *drawing) pixels(p []byte) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, d.width, d.height))
	for i := 0; i+4 <= len(p); i += 4 {
		c := color.RGBA{p[i], p[i+1], p[i+2], p[i+3]}
		if d.blueFirst {
			c.R, c.B = c.B, c.R
		}
		img.SetRGBA(i/4%d.width, i/4/d.width, c)
	}
	return img
}

func drawings() map[string]drawing {
	return map[string]drawing{
		"nearest":      drawn(1, 5, 7, 33, 60, false, true),
		"colours":      drawn(3, 4, 4, 70, 41, false, false),
		"bicubic":      drawn(1, 6, 5, 50, 77, true, false),
		"bicubic RGB":  drawn(3, 5, 5, 61, 40, true, true),
		"smaller":      drawn(3, 40, 24, 11, 13, false, true),
		"one value":    drawn(1, 1, 1, 9, 4, true, true),
		"one by pixel": drawn(1, 8, 8, 8, 8, true, false),
	}
}

// TestKernel compares the kernel's pixels with a reference of float64, on the device and on one that is interpreted, which finds stray
// accesses; read as texels and as plain memory.
func TestKernel(t *testing.T) {
	dev := vktest.Open(t)
	for name, d := range drawings() {
		for _, texels := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				consts := present.Constants(present.Picture{C: d.c, H: d.h, W: d.w}, d.smooth, d.blueFirst, texels)
				block, _, _, _, _ := present.Placed(d.height, d.width, d.h, d.w, d.smooth)
				words := make([]uint32, len(block)/4)
				for i := range words {
					words[i] = binary.NativeEndian.Uint32(block[4*i:])
				}
				picture, place, out := vktest.Buffer(t, dev, d.values), vktest.Buffer(t, dev, words), vktest.Buffer(t, dev, make([]uint32, d.height*d.width))
				rec := dev.NewRecorder()
				rec.Dispatch(vktest.Kernel(t, dev, shaders.Present, consts...), vk.Threads(d.width, d.height), picture.View(), picture.View(), place.View(), out.View())
				p, err := rec.Finish()
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				vktest.Run(t, p)
				bytes := make([]byte, 4*d.height*d.width)
				if _, err := out.ReadAt(bytes, 0); err != nil {
					t.Fatal(err)
				}
				d.check(t, d.pixels(bytes))

				k, err := virtual.Load(shaders.Present, consts...)
				if err != nil {
					t.Fatal(err)
				}
				views := []virtual.View{interpreted(picture), interpreted(picture), interpreted(place), {Buffer: virtual.NewBuffer("pixels", len(bytes)), Hi: len(bytes)}}
				views[0].Hi, views[1].Hi, views[2].Hi = 4*len(d.values), 4*len(d.values), len(block)
				for _, f := range virtual.Run(&virtual.Dispatch{Kernel: k, Views: views, Groups: [3]int{(d.width + 31) / 32, (d.height + 3) / 4, 1}}, virtual.Options{Subgroup: 8}) {
					t.Error(f)
				}
				d.check(t, d.pixels(views[3].Buffer.Bytes))
			})
		}
	}
}

// interpreted returns the contents of a buffer for the interpreter.
func interpreted(b *vk.Buffer) virtual.View {
	p := make([]byte, b.Size())
	_, _ = b.ReadAt(p, 0) // zeros would be found
	v := virtual.View{Buffer: virtual.NewBuffer(b.Name(), len(p)), Hi: len(p)}
	v.Buffer.Write(0, p)
	return v
}
