package codegen

import (
	"testing"

	"genview/tensor/internal/ir"
	"genview/vk"
)

// TestTilesAreChosen checks the tile that each product gets, and the number of parts.
func TestTilesAreChosen(t *testing.T) {
	large := vk.Limits{MaxInvocations: 1024, MaxGroupSize: [3]int{1024, 1024, 64}, SharedMemory: 48 << 10}
	least := vk.Limits{MaxInvocations: 128, MaxGroupSize: [3]int{128, 128, 64}, SharedMemory: 16 << 10}
	for _, c := range []struct {
		kind       string
		limits     vk.Limits
		z, m, k, n int
		tm, tn     int
		parts      bool
	}{
		{"discrete", large, 1, 4096, 4096, 4096, 128, 128, false},
		{"discrete", least, 1, 4096, 4096, 4096, 128, 64, false}, // among equally good tiles the first
		{"discrete", large, 1, 64, 576, 100_000, 64, 128, false},
		{"discrete", large, 1, 32, 288, 100_000, 32, 128, false},
		{"discrete", large, 1, 100_000, 64, 8, 64, 16, false},
		{"discrete", large, 1, 768, 128, 512, 64, 64, false},
		{"discrete", large, 1, 5, 7, 6, 32, 32, false},
		{"discrete", large, 64, 64, 64, 64, 64, 64, false},
		{"discrete", large, 1, 16, 4096, 4096, 16, 64, true},
		{"discrete", large, 1, 128, 65536, 128, 128, 64, true},
		{"discrete", large, 1, 128, 65537, 128, 32, 32, false}, // a prime
		{"discrete", large, 1, 512, 512, 512, 64, 64, false},
		{"integrated", large, 1, 512, 512, 512, 128, 64, false},
		{"integrated", large, 1, 768, 128, 512, 128, 64, false},
	} {
		on := ir.Target{Info: vk.Info{Type: c.kind, Limits: c.limits}}
		p := &ir.Contraction{Batch: []int{c.z}, Rows: []int{c.m}, Inner: []int{c.k}, Columns: []int{c.n}}
		_, parts := Parts(on, p)
		all := tilesFor(on, c.z*parts, c.m, c.n, c.k/parts)
		if all[0].M != c.tm || all[0].N != c.tn || parts > 1 != c.parts {
			t.Errorf("%d×%d×%d×%d on %s: %d×%d in %d parts, want %d×%d in parts %t", c.z, c.m, c.k, c.n, c.kind, all[0].M, all[0].N, parts, c.tm, c.tn, c.parts)
		}
		for _, tile := range all {
			if tile.invocations() > c.limits.MaxInvocations || tile.shared(0) > c.limits.SharedMemory {
				t.Errorf("%d×%d takes more than there is", tile.M, tile.N)
			}
		}
	}
	amd := ir.Target{Info: vk.Info{Limits: large, SubgroupSize: 64}}
	for m, teams := range map[int]int{128: 4, 4096: 1} {
		if got := tilesFor(amd, 1, m, 256, 100)[0]; got.Teams != teams {
			t.Errorf("%d × 256 of 100 terms: %s, want %d teams", m, got, teams)
		}
	}
	for m := 1; m <= 300; m++ {
		for n := 1; n <= 300; n++ {
			if len(tilesFor(ir.Target{Info: vk.Info{Limits: least}}, 1, m, n, 9)) == 0 {
				t.Fatalf("there is no tile for %d×%d", m, n)
			}
		}
	}
}

// TestTilesAreWhole checks that every tile meets the assumptions of the kernel.
func TestTilesAreWhole(t *testing.T) {
	for _, a := range tiles {
		wide := min(a.N/a.byN, 8)
		if room := 2 * a.K * min(a.M, a.N); a.Teams != 1 && (a.Teams != 4 || a.K%4 != 0 || room < a.M*a.N) {
			t.Errorf("%+v has no room for what its teams have added up", a)
		}
		if a.invocations()%(32*a.Teams) != 0 || a.N/a.byN%wide != 0 || a.M/a.byM%(32/wide) != 0 || a.byM%4 != 0 || a.byN%4 != 0 || a.K%4 != 0 || a.invocations() < a.K {
			t.Errorf("%+v does not come out even", a)
		}
	}
}
