package vk_test

import (
	"slices"
	"testing"
	"time"

	"genview/vk"
	"genview/vk/vktest"
)

func TestPieces(t *testing.T) {
	for _, c := range []struct {
		took, want []int
	}{
		{[]int{1, 2, 3}, []int{0}},
		{[]int{4, 4, 4}, []int{0, 2}},
		{[]int{10, 1, 10, 11, 1}, []int{0, 1, 2, 3, 4}},
		{[]int{20, 5, 5, 1}, []int{0, 1, 3}},
		{nil, []int{0}},
	} {
		var took []time.Duration
		for _, ms := range c.took {
			took = append(took, time.Duration(ms)*time.Millisecond)
		}
		if got := vk.Pieces(took, 10*time.Millisecond); !slices.Equal(got, c.want) {
			t.Errorf("what takes %v ms is divided at %v, want %v", c.took, got, c.want)
		}
	}
}

// TestPiecesWithoutAClock: what keeps no timestamps is divided by what the run took, as the host sees it.
func TestPiecesWithoutAClock(t *testing.T) {
	dev := vktest.OpenWith(t, vk.Options{Longest: 1})
	dev.NoClock()
	x := vktest.Buffer(t, dev, make([]float32, 64))
	rec := dev.NewRecorder()
	for i := range 20 {
		rec.Fill(x.View(), uint32(i))
	}
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, want := range []int{2, 20} {
		vktest.Run(t, p)
		if n := p.Submissions(); n != want {
			t.Errorf("%d submissions, want %d", n, want)
		}
	}
}

// TestLongProgramsAreSubmittedInPieces: the first run shows what commands take; then none of the submissions takes longer than it may, and
// there is one where that is enough. The results are the same.
func TestLongProgramsAreSubmittedInPieces(t *testing.T) {
	const commands = 40
	for longest, want := range map[time.Duration][2]int{0: {1, 1}, time.Hour: {3, 1}, 1: {3, commands}} {
		for _, profile := range []bool{false, true} {
			dev := vktest.OpenWith(t, vk.Options{Longest: longest, Profile: profile})
			if longest == 0 && dev.Info().Class != vk.CPU {
				want = [2]int{3, 1}
			}
			x, y := vktest.Buffer(t, dev, make([]float32, 64)), vktest.Buffer(t, dev, make([]float32, 64))
			rec := dev.NewRecorder()
			k := vktest.Kernel(t, dev, scale(false))
			for i := range commands {
				from, to := x, y
				if i%2 > 0 {
					from, to = y, x
				}
				rec.Dispatch(k, vk.Threads(16), from.View(), to.View())
			}
			p, err := rec.Finish()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			values := make([]float32, 64)
			for run := range 3 {
				vktest.Run(t, p)
				if n := p.Submissions(); n != want[min(run, 1)] {
					t.Errorf("longest %v, profile %t: run %d takes %d submissions, want %d", longest, profile, run, n, want[min(run, 1)])
				}
				if d, b := p.Stats(); d != commands || b != commands-1 {
					t.Errorf("longest %v: %d dispatches and %d barriers, want %d and %d", longest, d, b, commands, commands-1)
				}
				for range commands {
					for i := range values {
						values[i] = 2*values[i] + 1
					}
				}
				vktest.Equal(t, x, values)
				if all, err := p.Timings(); profile && (err != nil || len(all) != commands) || !profile && err == nil {
					t.Errorf("profile %t: %d timings, %v", profile, len(all), err)
				}
			}
		}
	}
}

// TestRecordingAgainFails: what could not be recorded again is an error of that run, and the next one records it.
func TestRecordingAgainFails(t *testing.T) {
	calls := outOf("vkAllocateCommandBuffers")
	calls.on.Store(false)
	dev := vktest.OpenWith(t, vk.Options{Longest: 1, Fail: calls.fail})
	x := vktest.Buffer(t, dev, make([]float32, 64))
	rec := dev.NewRecorder()
	for i := range 20 {
		rec.Fill(x.View(), uint32(i))
	}
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	vktest.Run(t, p)
	calls.on.Store(true)
	if _, err := p.Submit(); err == nil {
		t.Error("a run that cannot be recorded has no error")
	}
	calls.on.Store(false)
	vktest.Run(t, p)
	if n := p.Submissions(); n != 20 {
		t.Errorf("%d submissions, want 20", n)
	}
}

// TestProfileFromTheBeginning: on a device that was opened to profile, nobody ends that.
func TestProfileFromTheBeginning(t *testing.T) {
	dev := vktest.OpenWith(t, vk.Options{Profile: true})
	if dev.Info().TimestampBits == 0 {
		t.Skip("the device keeps no timestamps")
	}
	x := vktest.Buffer(t, dev, make([]float32, 64))
	rec := dev.NewRecorder()
	rec.Fill(x.View(), 7)
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, on := range []bool{true, false} {
		if err := p.Profile(on); err != nil {
			t.Fatal(err)
		}
		vktest.Run(t, p)
		if all, err := p.Timings(); err != nil || len(all) != 1 {
			t.Errorf("profiling is %t: %d timings, %v", on, len(all), err)
		}
	}
}

// TestProfileLater: a program is timed from when somebody asks for it until he asks for no more, and computes the same meanwhile.
func TestProfileLater(t *testing.T) {
	for _, most := range []time.Duration{0, 1} {
		dev := vktest.OpenWith(t, vk.Options{Longest: most})
		if dev.Info().TimestampBits == 0 {
			t.Skip("the device keeps no timestamps")
		}
		x, y := vktest.Buffer(t, dev, make([]float32, 64)), vktest.Buffer(t, dev, make([]float32, 64))
		rec, k := dev.NewRecorder(), vktest.Kernel(t, dev, scale(false))
		rec.Dispatch(k, vk.Threads(16), x.View(), y.View())
		rec.Dispatch(k, vk.Threads(16), y.View(), x.View())
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		want := make([]float32, 64)
		for run, timed := range []bool{false, true, true, false, true} {
			if err := p.Profile(timed); err != nil {
				t.Fatal(err)
			}
			if all, err := p.Timings(); err == nil && !(timed && run == 2) {
				t.Errorf("longest %v, before run %d: %d timings of a run that was not timed", most, run, len(all))
			}
			vktest.Run(t, p)
			for i := range want {
				want[i] = 4*want[i] + 3
			}
			vktest.Equal(t, x, want)
			if all, err := p.Timings(); timed != (err == nil) || timed && len(all) != 2 {
				t.Errorf("longest %v, run %d, timed %t: %d timings, %v", most, run, timed, len(all), err)
			}
		}
	}
}
