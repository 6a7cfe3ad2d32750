package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/npy"
	"genview/vk/files"
)

const (
	fileReach   = 5       // up to which the plane of a file's points extends
	fileWithin  = 4       // coordinates that points are scaled to, if they are not of that size
	mostOfFile  = 1 << 28 // bytes of a file of points
	leastToHold = 20      // points of which some are held out
)

// IsPointsFile tells whether a data set's name is the path of a file of points. A folder is none, whatever its name.
func IsPointsFile(name string) bool {
	if !slices.Contains([]string{".csv", ".npy"}, strings.ToLower(filepath.Ext(name))) {
		return false
	}
	info, err := os.Stat(name)
	return err != nil || !info.IsDir()
}

// ReadPoints reads points [N, 2] in the plane from a file: lines of x and y, with a comma between them and perhaps names above them (.csv),
// or an array of NumPy's [N, 2] (.npy).
func ReadPoints(path string) (xy []float32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, mostOfFile+1))
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if len(p) > mostOfFile {
		return nil, fmt.Errorf("data: %s has more than %d MB: points of that many are not read", path, mostOfFile>>20)
	}
	xy, err = parsePoints(strings.ToLower(filepath.Ext(path)), p)
	if err != nil {
		return nil, fmt.Errorf("data: %s %w", path, err)
	}
	return xy, nil
}

// parsePoints reads points from a file's bytes. An error is the end of a sentence that begins with the file's name.
func parsePoints(ending string, p []byte) (xy []float32, err error) {
	if ending == ".npy" {
		var shape []int
		if xy, shape, err = npy.Read(p); err != nil {
			return nil, err
		}
		if len(shape) != 2 || shape[1] != 2 {
			return nil, fmt.Errorf("holds an array of shape %v: points are [N, 2]", shape)
		}
	} else if xy, err = parseLines(p); err != nil {
		return nil, err
	}
	for i, v := range xy {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("has %v in point %d: coordinates must be finite", v, i/2+1)
		}
	}
	if len(xy) < 4 {
		return nil, errors.New("has fewer than two points")
	}
	return xy, nil
}

// parseLines reads points from lines of two numbers. The first line may have names.
func parseLines(p []byte) (xy []float32, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(p, []byte("\ufeff"))))
	r.Comment, r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = '#', -1, true, true
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return xy, nil
		}
		if err != nil {
			return nil, fmt.Errorf("is no table of points: %w", err)
		}
		line, _ := r.FieldPos(0)
		if len(row) != 2 {
			return nil, fmt.Errorf("has %d values in line %d: a point is x and y with a comma between them", len(row), line)
		}
		x, errX := strconv.ParseFloat(strings.TrimSpace(row[0]), 32)
		y, errY := strconv.ParseFloat(strings.TrimSpace(row[1]), 32)
		switch {
		case errX == nil && errY == nil:
			xy = append(xy, float32(x), float32(y))
		case first && errX != nil && errY != nil: // names
		default:
			return nil, fmt.Errorf("has no two numbers in line %d, but %.40q", line, strings.Join(row, ","))
		}
	}
}

// WritePoints writes points [N, 2] to a .csv file that [ReadPoints] reads.
func WritePoints(path string, xy []float32) error {
	var b bytes.Buffer
	b.WriteString("x,y\n")
	for i := 0; i+1 < len(xy); i += 2 {
		fmt.Fprintf(&b, "%g,%g\n", xy[i], xy[i+1])
	}
	return files.WriteBytes(path, b.Bytes())
}

// openPointsFile draws from the points of a file. It holds every tenth of them out, unless there are few.
func openPointsFile(o Options) (*Dataset, error) {
	xy, err := ReadPoints(o.Name)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_ = npy.Write(sum, xy, len(xy)/2, 2) // a hash takes everything
	if told := fit(xy); told != "" {
		o.Log(told)
	}
	train, test := xy, xy
	if len(xy) >= 2*leastToHold {
		train, test = nil, nil
		for i := 0; i < len(xy); i += 2 {
			if i/2%10 == 9 {
				test = append(test, xy[i:i+2]...)
			} else {
				train = append(train, xy[i:i+2]...)
			}
		}
	}
	return &Dataset{
		Name: filepath.Base(o.Name), Identity: fmt.Sprintf("%d points, %x", len(xy)/2, sum.Sum(nil)[:8]), Classes: []string{"0"},
		Train: drawn(train, rand.New(rand.NewPCG(o.Seed, 1)), pointsTrain), Test: drawn(test, rand.New(rand.NewPCG(o.Seed, 2)), pointsTest),
	}, nil
}

// drawn draws n points with replacement. If there are as many or more, it shuffles them and returns each once: the first ones are a sample of
// all, even of a sorted file.
func drawn(from []float32, rng *rand.Rand, n int) *Points {
	if all := len(from) / 2; all >= n {
		rng.Shuffle(all, func(i, k int) {
			a, b := from[2*i:2*i+2], from[2*k:2*k+2]
			a[0], a[1], b[0], b[1] = b[0], b[1], a[0], a[1]
		})
		return &Points{xy: from, classes: make([]int32, all)}
	}
	p := &Points{classes: make([]int32, n)}
	for range n {
		i := 2 * rng.IntN(len(from)/2)
		p.xy = append(p.xy, from[i], from[i+1])
	}
	return p
}

// fit moves and scales points so that a network can learn them, if they are far from 0, or very near each other. It says what it did.
func fit(xy []float32) string {
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for i, v := range xy {
		low[i%2], high[i%2] = min(low[i%2], float64(v)), max(high[i%2], float64(v))
	}
	half := max(high[0]-low[0], high[1]-low[1]) / 2
	if half >= 1 && max(-low[0], -low[1], high[0], high[1]) <= fileReach {
		return ""
	}
	scale := fileWithin / max(half, 1e-6)
	for i, v := range xy {
		xy[i] = float32((float64(v) - (low[i%2]+high[i%2])/2) * scale)
	}
	return fmt.Sprintf("the points are moved by %.4g, %.4g, then scaled by %.4g, to lie between −%d and %d", -(low[0]+high[0])/2, -(low[1]+high[1])/2, scale, fileWithin, fileWithin)
}

// Keep copies the file of points that a run learns from into its folder, and makes the copy the data. [PictureSettings.Find] finds it there
// wherever the folder is moved. Other data stay where they are: then kept, the path of the copy, is "". If Keep fails, it leaves no copy.
func (s *PictureSettings) Keep(dir string) (kept string, err error) {
	if info, err := os.Stat(s.Name); err != nil || !info.Mode().IsRegular() || !IsPointsFile(s.Name) {
		return "", nil
	}
	p, err := os.ReadFile(s.Name)
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(dir, "points"+strings.ToLower(filepath.Ext(s.Name))))
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	if err := files.WriteBytes(path, p); err != nil {
		_ = os.Remove(path) // it is there if only the folder could not be synced
		return "", fmt.Errorf("data: %w", err)
	}
	s.Name = path
	return path, nil
}

// Find finds the points of a run in its folder, if they are not where they were.
func (s *PictureSettings) Find(dir string) {
	if !IsPointsFile(s.Name) {
		return
	}
	if _, err := os.Stat(s.Name); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	path, err := filepath.Abs(filepath.Join(dir, filepath.Base(s.Name)))
	if _, none := os.Stat(path); err == nil && none == nil {
		s.Name = path
	}
}
