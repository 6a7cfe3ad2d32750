package watermark

import (
	"image"
	"math"

	"gonum.org/v1/gonum/blas/gonum"
)

// groups is about how many groups of pixels a direction has before a transform.
const groups = 192

// A spectrum has the coefficients [v][u] of a picture: of waves with v half periods over the height and u over the width. A coefficient of 1
// is a wave whose root mean square is one grey level.
type spectrum [highest + 1][highest + 1]float32

// A plane has the mean grey levels of groups of pixels, row by row.
type plane [][]float32

// An axis is a direction of a picture, whose pixels are summed up to groups.
type axis struct {
	pixels, size, groups int         // pixels in all and in a group, and the number of groups
	waves                [][]float32 // [u][group]: their values at the centres of groups
	basis                [][]float32 // [u][group]: the share of a group's mean in a coefficient
	kept                 []float32   // [u]: the part of a wave that remains if it is interpolated between centres
}

func newAxis(pixels int) *axis {
	a := &axis{pixels: pixels, size: max(1, pixels/groups)}
	a.groups = (pixels + a.size - 1) / a.size
	a.basis = a.frame(0, 0)
	means := make([]float32, a.groups)
	for u := range highest + 1 {
		wave := make([]float32, a.groups)
		for g := range wave {
			first, end := a.group(g)
			wave[g] = float32(math.Sqrt2 * math.Cos(math.Pi*float64(u)*float64(first+end)/2/float64(a.pixels)))
		}
		line := make([]float32, pixels)
		a.interpolate(line, wave)
		for g := range means {
			first, end := a.group(g)
			means[g] = 0
			for _, v := range line[first:end] {
				means[g] += v / float32(end-first)
			}
		}
		a.waves, a.kept = append(a.waves, wave), append(a.kept, dot(means, a.basis[u]))
	}
	return a
}

// group returns the first pixel of a group and the one after its last.
func (a *axis) group(g int) (first, end int) { return g * a.size, min((g+1)*a.size, a.pixels) }

// frame returns the basis for a picture that was cut out of a larger one, which had so many pixels more before and after it: they count as
// the group at the edge.
func (a *axis) frame(before, after int) [][]float32 {
	out := make([][]float32, highest+1)
	row := make([]float64, a.groups)
	turn := math.Pi / float64(a.pixels+before+after)
	for u := range out {
		var self float64
		for g := range row {
			first, end := a.group(g)
			// the sum of cosines over the pixels of a group
			n, centre := float64(end-first), float64(first+end)/2+float64(before)
			row[g] = math.Sqrt2 * math.Cos(turn*float64(u)*centre)
			if u > 0 {
				half := turn * float64(u) / 2
				row[g] *= math.Sin(n*half) / math.Sin(half)
			} else {
				row[g] *= n
			}
			self += row[g] * row[g] / n
		}
		out[u] = make([]float32, a.groups)
		for x := range before {
			row[0] += math.Sqrt2 * math.Cos(turn*float64(u)*(float64(x)+0.5))
		}
		for x := range after {
			row[a.groups-1] += math.Sqrt2 * math.Cos(turn*float64(u)*(float64(before+a.pixels+x)+0.5))
		}
		for g := range row {
			out[u][g] = float32(row[g] / self) // the wave itself gets the coefficient 1
		}
	}
	return out
}

// interpolate writes the pixels of a line between the centres of groups.
func (a *axis) interpolate(line, at []float32) {
	if a.size == 1 {
		copy(line, at)
		return
	}
	for g := range a.groups - 1 {
		slope := (at[g+1] - at[g]) / float32(a.size)
		first := g*a.size + a.size/2
		v := at[g] + slope*(float32(a.size/2)+0.5-float32(a.size)/2)
		for x := first; x < min(first+a.size, a.pixels); x++ {
			line[x] = v
			v += slope
		}
	}
	for x := range a.size / 2 {
		line[x] = at[0]
	}
	for x := (a.groups-1)*a.size + a.size/2; x < a.pixels; x++ {
		line[x] = at[a.groups-1]
	}
}

// levels returns the means of groups of a picture's grey levels (luma of ITU-R BT.601).
func levels(img *image.RGBA, ax, ay *axis) plane {
	out := make(plane, ay.groups)
	sums := make([]int, ax.groups)
	for gy := range out {
		clear(sums)
		top, bottom := ay.group(gy)
		for y := top; y < bottom; y++ {
			pix := img.Pix[y*img.Stride:][:4*ax.pixels]
			for gx := range sums {
				n := min(ax.size, len(pix)/4)
				sum := 0
				for p := pix[:4*n]; len(p) >= 4; p = p[4:] {
					sum += 299*int(p[0]) + 587*int(p[1]) + 114*int(p[2])
				}
				sums[gx] += sum
				pix = pix[4*n:]
			}
		}
		row := make([]float32, ax.groups)
		for gx, sum := range sums {
			first, end := ax.group(gx)
			row[gx] = float32(sum) / float32(1000*(end-first)*(bottom-top))
		}
		out[gy] = row
	}
	return out
}

// spectrumOf returns the spectrum of a whole picture.
func spectrumOf(p plane, ax, ay *axis) *spectrum { return down(across(p, ax.basis), ay.basis) }

// across returns the first half of a transform: [u][row of groups].
func across(p plane, basis [][]float32) plane {
	out := make(plane, len(basis))
	for u, b := range basis {
		out[u] = make([]float32, len(p))
		for y, line := range p {
			out[u][y] = dot(line, b)
		}
	}
	return out
}

// down returns the second half.
func down(half plane, basis [][]float32) *spectrum {
	var s spectrum
	for u, column := range half {
		for v, b := range basis {
			s[v][u] = dot(column, b)
		}
	}
	return &s
}

// drawn returns what the waves of a spectrum add to the grey levels at the centres of groups.
func drawn(s *spectrum, ax, ay *axis) plane {
	var half plane // [v][column]
	for v := range s {
		line := make([]float32, ax.groups)
		for u, c := range s[v] {
			if c != 0 {
				add(line, ax.waves[u], c)
			}
		}
		half = append(half, line)
	}
	out := make(plane, ay.groups)
	for y := range out {
		out[y] = make([]float32, ax.groups)
		for v, line := range half {
			add(out[y], line, ay.waves[v][y])
		}
	}
	return out
}

// blas has its inner loops in assembly.
var blas gonum.Implementation

func dot(a, b []float32) float32 { return blas.Sdot(len(a), a, 1, b, 1) }

// add adds a multiple of b to a.
func add(a, b []float32, by float32) { blas.Saxpy(len(a), by, b, 1, a, 1) }
