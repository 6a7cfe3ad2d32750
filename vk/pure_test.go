package vk

import (
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHazards runs random programs on a machine that reorders everything between two barriers as badly as it can: a command sees a
// write only if a barrier lies between.
func TestHazards(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		anywhere := func() extent {
			lo := rng.IntN(8)
			return extent{uint64(rng.IntN(2)), lo, lo + 1 + rng.IntN(4)}
		}
		type access struct{ writer, reader int } // the epoch of the newest write, and of the newest read
		var memory [2][16]access
		var h hazards
		epoch, barriers := 1, 0
		for step := range 40 {
			var reads, writes []extent
			for range rng.IntN(3) {
				reads = append(reads, anywhere())
			}
			for range rng.IntN(2) {
				writes = append(writes, anywhere())
			}
			if h.before(reads, writes) {
				epoch++
				barriers++
			}
			for _, r := range reads {
				for i := r.lo; i < r.hi; i++ {
					if memory[r.buffer][i].writer == epoch {
						t.Fatalf("seed %d, step %d: byte %d is read in the epoch of its write", seed, step, i)
					}
				}
			}
			for _, w := range writes {
				for i := w.lo; i < w.hi; i++ {
					if a := memory[w.buffer][i]; a.writer == epoch || a.reader == epoch {
						t.Fatalf("seed %d, step %d: byte %d is written in the epoch of another access", seed, step, i)
					}
				}
			}
			for _, r := range reads {
				for i := r.lo; i < r.hi; i++ {
					memory[r.buffer][i].reader = epoch
				}
			}
			for _, w := range writes {
				for i := w.lo; i < w.hi; i++ {
					memory[w.buffer][i].writer = epoch
				}
			}
		}
		if barriers == 40 {
			t.Errorf("seed %d: every command got a barrier", seed)
		}
	}
}

func TestIndependentWorkGetsNoBarrier(t *testing.T) {
	var h hazards
	for i := range 10 {
		if h.before([]extent{{1, 0, 100}}, []extent{{2, i * 10, i*10 + 10}}) {
			t.Errorf("command %d got a barrier", i)
		}
	}
}

func FuzzBlock(f *testing.F) {
	f.Add([]byte{10, 20, 0, 30, 1, 5})
	f.Fuzz(func(t *testing.T, ops []byte) {
		const size = 4096
		b := newBlock(size)
		type allocation struct{ lo, n int }
		var live []allocation
		for _, op := range ops {
			if op%3 == 0 && len(live) > 0 {
				i := int(op/3) % len(live)
				b.release(live[i].lo, live[i].n)
				live = slices.Delete(live, i, i+1)
				continue
			}
			n := int(op) + 1
			lo, ok := b.alloc(n, 16)
			if !ok {
				continue
			}
			if lo%16 != 0 || lo+n > size {
				t.Fatalf("got offset %d for %d bytes", lo, n)
			}
			for _, s := range live {
				if lo < s.lo+s.n && s.lo < lo+n {
					t.Fatalf("bytes %d to %d were given twice", lo, lo+n)
				}
			}
			live = append(live, allocation{lo, n})
		}
		for _, s := range live {
			b.release(s.lo, s.n)
		}
		if !b.empty() {
			t.Fatalf("after all was released these are free: %v", b.free)
		}
	})
}

func TestChoose(t *testing.T) {
	infos := []Info{
		{Index: 0, Name: "llvmpipe", typeOrder: 3, Compute: true},
		{Index: 1, Name: "Radeon 780M", typeOrder: 1, Compute: true},
		{Index: 2, Name: "Display", typeOrder: 0},
	}
	twins := []Info{{Index: 0, Name: "GPU 2", Compute: true}, {Index: 1, Name: "GPU 2", Compute: true}, {Index: 2, Name: "GPU"}}
	if got, err := choose(twins, "1"); err != nil || got.Index != 1 {
		t.Errorf("of twins the index 1 is %+v (%v)", got, err)
	}
	if got, err := choose(append(twins, Info{Index: 3, Name: "GPU 25", Compute: true}), "gpu 25"); err != nil || got.Index != 3 {
		t.Errorf("GPU 25 is %+v (%v)", got, err)
	}
	for _, c := range []struct{ name, want string }{{"", "Radeon 780M"}, {"LLVM", "llvmpipe"}, {"1", "Radeon 780M"}} {
		if got, err := choose(infos, c.name); err != nil || got.Name != c.want {
			t.Errorf("%q: got %s, %v, want %s", c.name, got.Name, err, c.want)
		}
	}
	for _, c := range []struct {
		infos      []Info
		name, want string
	}{
		{infos, "geforce", `no device "geforce"; choose one of 0 (llvmpipe), 1 (Radeon 780M)`},
		{twins, "gpu 2", `"gpu 2" may be any of 2 devices; give the index of one, of 0 (GPU 2), 1 (GPU 2)`},
		{infos, "2", "the device Display has no queue that computes; choose one of 0 (llvmpipe), 1 (Radeon 780M)"},
		{infos[2:], "", "none of the devices has a queue that computes (Display): install"},
		{infos[2:], "Display", "none of the devices has a queue that computes (Display): install"},
	} {
		got, err := choose(c.infos, c.name)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q of %d devices: got %s, %v, want an error with %q", c.name, len(c.infos), got.Name, err, c.want)
		}
	}
}

// TestBlocksFollowWhatIsHeld allocates buffers of any size, as many as a large model has: waste must be small, and blocks few, because
// drivers guarantee only 4096.
func TestBlocksFollowWhatIsHeld(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var blocks []*block
		used, held := 0, 0
		for range 3000 {
			n := align << rng.IntN(3+int(seed)%16)
			n += rng.IntN(n) / align * align
			used += n
			if slices.ContainsFunc(blocks, func(b *block) bool { _, ok := b.alloc(n, align); return ok }) {
				continue
			}
			b := newBlock(blockSize(n, held))
			if _, ok := b.alloc(n, align); !ok {
				t.Fatalf("%d bytes do not fit the block of %d that was made for them", n, b.size)
			}
			blocks, held = append(blocks, b), held+b.size
		}
		if spare := held - used; spare > used/10+2*smallBlock {
			t.Errorf("seed %d: %d bytes are held for %d", seed, held, used)
		}
		if len(blocks) > 1000 {
			t.Errorf("seed %d: %d blocks hold %d bytes", seed, len(blocks), held)
		}
	}
}

// TestHostRoom reads what a machine and the control groups of a process say of memory.
func TestHostRoom(t *testing.T) {
	const meminfo = "MemTotal: 2000 kB\nMemAvailable:    1000 kB\nBuffers: 3 kB\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing is said", nil, math.MaxInt64},
		{"a machine", map[string]string{"/proc/meminfo": meminfo}, 1000 << 10},
		{"no limit", map[string]string{
			"/proc/meminfo": meminfo, "/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/memory.max": "max\n", "/sys/fs/cgroup/a/memory.current": "5\n",
		}, 1000 << 10},
		{"a limit further out, and cached files", map[string]string{
			"/proc/meminfo": meminfo, "/proc/self/cgroup": "1:name=x:/\n0::/a/b\n",
			"/sys/fs/cgroup/a/memory.max": "9000\n", "/sys/fs/cgroup/a/memory.current": "8000\n",
			"/sys/fs/cgroup/a/memory.stat": "anon 1\nactive_file 300\ninactive_file 200\n",
		}, 1500},
		{"a limit that is passed", map[string]string{
			"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "9000\n", "/sys/fs/cgroup/memory.current": "9500\n",
		}, 0},
		{"nonsense", map[string]string{"/proc/meminfo": "MemAvailable: many kB\n", "/proc/self/cgroup": "\n"}, math.MaxInt64},
	} {
		got := hostRoom(func(name string) ([]byte, error) {
			if text, ok := c.files[name]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		})
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// TestChooseMemory has the types of memory that drivers list. AMD's last cached one is for debugging and not cached by the device.
func TestChooseMemory(t *testing.T) {
	for _, c := range []struct {
		driver             string
		flags              []uint32
		bits               uint32
		device, host, both uint32
		unified            bool
	}{
		{"RADV", []uint32{1, 1, 6, 7, 14, 14, 1 | 0xc0, 6 | 0xc0, 14 | 0xc0}, ^uint32(0), 0, 4, 3, true},
		{"RADV, not all of whose types suit", []uint32{1, 1, 6, 7, 14, 14, 1 | 0xc0, 6 | 0xc0, 14 | 0xc0}, 0b101101110, 1, 5, 3, true},
		{"NVIDIA", []uint32{0, 1, 6, 14, 7}, ^uint32(0), 1, 3, 4, true},
		{"NVIDIA without mapped memory of the device", []uint32{0, 1, 6, 14}, ^uint32(0), 1, 3, 0, false},
		{"Intel", []uint32{7, 15}, ^uint32(0), 0, 1, 1, true},
		{"Adreno", []uint32{1, 7, 11, 15}, ^uint32(0), 0, 3, 3, true},
		{"lavapipe", []uint32{15}, ^uint32(0), 0, 0, 0, true},
		{"with protected memory first", []uint32{0x21, 1, 0x26, 6}, ^uint32(0), 1, 3, 0, false},
	} {
		var types []memoryType
		for i, f := range c.flags {
			types = append(types, memoryType{f, int64(i + 1)})
		}
		m := chooseMemory(types, c.bits)
		if m.device != c.device || m.host != c.host || m.both != c.both || m.unified != c.unified || m.heap != int64(c.device)+1 {
			t.Errorf("%s: got %+v, want the device's %d, the host's %d, of both %d (%t)", c.driver, m, c.device, c.host, c.both, c.unified)
		}
	}
}

// TestClock reads timestamps of which only the lower bits are valid, and which wrap around.
func TestClock(t *testing.T) {
	const top = 1<<36 - 1
	c := clock{period: 2, bits: 36}
	starts, took := c.read([]uint64{7<<36 | (top - 9), 1<<36 | (top - 4), 3<<36 | 5, 5})
	for i, want := range []struct{ start, took time.Duration }{{2 * (top - 9), 10}, {2 * (top - 4), 20}, {2 * (top + 6), 0}} {
		if starts[i] != want.start || took[i] != want.took {
			t.Errorf("command %d began at %d and took %d, want %+v", i, starts[i], took[i], want)
		}
	}
	if _, took := (clock{period: 1, bits: 64}).read([]uint64{1 << 63, 1<<63 + 3}); took[0] != 3 {
		t.Errorf("with 64 bits it took %d, want 3", took[0])
	}
}

// TestChooseAmongCPUs: of drivers for the processor lavapipe comes first, and one that is too old is refused by name.
func TestChooseAmongCPUs(t *testing.T) {
	swift := Info{Index: 0, Name: "SwiftShader", typeOrder: 3, Class: CPU, Compute: true}
	lavapipe := Info{Index: 1, Name: "llvmpipe", typeOrder: 3, Class: CPU, Compute: true, Lavapipe: true}
	old := Info{Index: 2, Name: "Old GPU", API: "1.0.3", Old: true}
	for _, infos := range [][]Info{{swift, lavapipe}, {lavapipe, swift}, {old, swift, lavapipe}} {
		if got, err := choose(infos, ""); err != nil || got.Name != lavapipe.Name {
			t.Errorf("of %v it is %s (%v), want llvmpipe", infos, got.Name, err)
		}
	}
	for _, name := range []string{"", "old"} {
		if _, err := choose([]Info{old}, name); err == nil || !strings.Contains(err.Error(), "Old GPU speaks Vulkan 1.0.3") {
			t.Errorf("%q: got %v, want an error about Vulkan 1.0.3", name, err)
		}
	}
}
