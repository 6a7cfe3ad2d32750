package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"

	"genview/vk"
	"genview/vk/files"
)

// vectors is the file with lavapipe's best vector width, which must be known before a device is opened.
type vectors struct {
	Version int `json:"version"`
	Usual   int `json:"usual"` // bits, where that was found out
	Bits    int `json:"bits"`
}

const vectorsVersion = 1

func vectorsPath() string { return cached("vectors.json") }

// widen sets lavapipe's best vector width, unless the user has set one.
func (a *app) widen() {
	_, a.widthSet = os.LookupEnv(vk.WidthVariable)
	p, err := os.ReadFile(vectorsPath())
	if a.widthSet || a.noTune || err != nil {
		return
	}
	var v vectors
	err = json.Unmarshal(p, &v)
	if err == nil && v.Version == vectorsVersion && v.Usual == vk.UsualWidth() && (v.Bits == 256 || v.Bits == 512) {
		_ = os.Setenv(vk.WidthVariable, strconv.Itoa(v.Bits)) // cannot fail for this name and value
	}
}

// tuneVectors times steps of presets with both widths, in separate processes, and keeps the better one.
func (a *app) tuneVectors(ctx context.Context, names []string, f tuneFlags) error {
	if a.widthSet {
		return usageError{fmt.Errorf("%s is set, which decides: unset it for --vectors", vk.WidthVariable)}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	usual := vk.UsualWidth()
	other := 256 + 512 - usual
	devices := map[int]string{}
	ratio, err := compareWidths(names, usual, other, func(preset string, bits int) (float64, error) {
		line, err := a.benchElsewhere(ctx, self, preset, bits, f)
		devices[bits] = line.Device
		if err == nil && devices[usual] == devices[other] {
			err = fmt.Errorf("--vectors is for lavapipe: %s is as it is", line.Device)
		}
		return line.MS.Median, err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	best := usual
	if ratio < 0.95 { // clearly faster, as for kernels
		best = other
	}
	p, err := json.Marshal(vectors{vectorsVersion, usual, best})
	if err != nil {
		return err
	}
	if err := errors.Join(os.MkdirAll(cacheDir(), 0o755), files.WriteBytes(vectorsPath(), p)); err != nil {
		return err
	}
	if a.json {
		err = json.NewEncoder(a.out).Encode(map[string]any{"in": "vectors", "bits": best, "usual": usual, "ratio": ratio})
	} else {
		fmt.Fprintf(a.out, "vectors of %d bits: with %d and not %d, a step takes × %.2f\n", best, other, usual, ratio)
	}
	return errors.Join(err, os.Setenv(vk.WidthVariable, strconv.Itoa(best))) // for the kernels that are tried next
}

// benchElsewhere times steps in a separate process, with that vector width and kernels chosen by rule.
func (a *app) benchElsewhere(ctx context.Context, self, preset string, bits int, f tuneFlags) (line benchLine, err error) {
	words := []string{"bench", preset, "--steps", "20", "--json", "--no-tune", "--device", a.device, "--batch", strconv.Itoa(f.batch)}
	for _, s := range f.set {
		words = append(words, "--set", s)
	}
	c := exec.CommandContext(ctx, self, words...)
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", vk.WidthVariable, bits))
	out, err := c.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return line, fmt.Errorf("a step of %s with vectors of %d bits: %s", preset, bits, oneLine(errors.New(string(exit.Stderr))))
	}
	if err != nil {
		return line, err
	}
	return line, json.Unmarshal(out, &line)
}

// compareWidths returns the ratio of step times with the other width to those with the usual one: the geometric mean over presets of the
// medians over rounds.
func compareWidths(presets []string, usual, other int, step func(preset string, bits int) (ms float64, err error)) (float64, error) {
	const rounds = 3
	sum := 0.0
	for _, name := range presets {
		var ratios []float64
		for range rounds {
			a, err := step(name, usual)
			if err != nil {
				return 0, err
			}
			b, err := step(name, other)
			if err != nil {
				return 0, err
			}
			ratios = append(ratios, b/a)
		}
		slices.Sort(ratios)
		sum += math.Log(ratios[rounds/2])
	}
	return math.Exp(sum / float64(len(presets))), nil
}
