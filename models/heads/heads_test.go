package heads

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"genview/models/watch"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-6) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func words(n int) []string { return strings.Split("abcdefgh"[:n], "") }

// TestScores holds scores against those of heads that are made by hand.
func TestScores(t *testing.T) {
	m := watch.Map{Name: "h.0.attn", Heads: 3, Rows: words(4), Cols: words(4), Self: true, Values: []float32{
		1, 0, 0, 0, // the token itself
		0, 1, 0, 0,
		0, 0, 1, 0,
		0, 0, 0, 1,

		1, 0, 0, 0, // the one before
		1, 0, 0, 0,
		0, 1, 0, 0,
		0, 0, 1, 0,

		0.25, 0.25, 0.25, 0.25, // all
		0.25, 0.25, 0.25, 0.25,
		0.25, 0.25, 0.25, 0.25,
		0.25, 0.25, 0.25, 0.25,
	}}
	want := map[string][]float64{
		"entropy":  {0, 0, math.Log(4)},
		"distance": {0, 0.75, (1.5 + 1 + 1 + 1.5) / 4},
		"previous": {0, 1, 0.25},
	}
	got := Scores(m)
	if len(got) != len(want) {
		t.Fatalf("%d scores, want %d", len(got), len(want))
	}
	for _, s := range got {
		for k, v := range want[s.Name] {
			near(t, s.Name, s.Values[k], v)
		}
	}
	m.Self = false
	if got := Scores(m); len(got) != 1 || got[0].Name != "entropy" {
		t.Errorf("of two sequences there are the scores %v", got)
	}
	one := watch.Map{Heads: 1, Rows: words(1), Cols: words(1), Self: true, Values: []float32{1}}
	if got := Scores(one); len(got) != 2 {
		t.Errorf("a token alone has the scores %v", got)
	}
}

// TestInduction: in abcabc the second a, b and c look at what came after the first: b, c and the second a.
func TestInduction(t *testing.T) {
	const n = 6
	w := make([]float32, 2*n*n)
	for i := range n {
		w[i*n] = 1 // head 1 looks at the beginning
	}
	for i, to := range []int{0, 0, 0, 1, 2, 3} {
		w[n*n+i*n+to] = 0.5
	}
	got := Repeated(w, 2, n).Values
	near(t, "the induction score of a head that looks at the beginning", got[0], 0)
	near(t, "the induction score of a head that is half an induction head", got[1], 0.5)
}

// TestReduce holds the maps of two layers of two heads against those that are computed by hand.
func TestReduce(t *testing.T) {
	layer := func(name string, self bool, values ...float32) watch.Map {
		return watch.Map{Name: name, Heads: 2, Rows: words(2), Cols: words(2), Self: self, Values: values}
	}
	maps := []watch.Map{
		layer("h.0.attn", true, 1, 0, 0.5, 0.5, 1, 0, 1, 0),
		layer("h.0.cross", false, 1, 0, 0, 1, 0, 1, 0.5, 0.5),
		layer("h.1.attn", true, 1, 0, 0, 1, 1, 0, 0.5, 0.5),
	}
	for how, want := range map[Reduction][][]float32{
		Average: {{1, 0, 0.75, 0.25}, {0.5, 0.5, 0.25, 0.75}, {1, 0, 0.25, 0.75}},
		Maximum: {{1, 0, 1, 0.5}, {1, 1, 0.5, 1}, {1, 0, 0.5, 1}},
		// (A + 1)/2 is [1 0; 0.375 0.625] and [1 0; 0.125 0.875]; the second times the first
		Rollout: {{1, 0, 0.375, 0.625}, {1, 0, 0.125 + 0.875*0.375, 0.875 * 0.625}},
	} {
		got := Reduce(maps, how)
		if len(got) != len(want) {
			t.Errorf("%s has %d maps, want %d", how, len(got), len(want))
			continue
		}
		for i, values := range want {
			if got[i].Heads != 1 || how == Rollout && got[i].Name == "h.0.cross" {
				t.Errorf("%s has the map %s of %d heads", how, got[i].Name, got[i].Heads)
			}
			for k, v := range values {
				near(t, string(how)+" of "+got[i].Name, float64(got[i].Values[k]), float64(v))
			}
		}
	}
	if maps[0].Values[2] != 0.5 {
		t.Error("a reduction writes into the maps")
	}
	if Maximum.Known() != nil || Reduction("mean").Known() == nil {
		t.Error("known reductions are average, maximum and rollout alone")
	}
}

// TestMean: a score that one of the texts does not have is the mean of the others.
func TestMean(t *testing.T) {
	score := func(name string, v ...float64) watch.Score { return watch.Score{Name: name, Values: v} }
	got := Mean([]watch.Score{score("entropy", 1, 2)}, []watch.Score{score("entropy", 3, 6), score("previous", 0.5, 1)}, []watch.Score{score("entropy", 5, 1)})
	if len(got) != 2 || got[0].Values[0] != 3 || got[0].Values[1] != 3 || got[1].Values[1] != 1 {
		t.Errorf("the means are %v", got)
	}
}

// TestReport: a score that is not defined is a dash in the table, null in JSON and an empty cell in CSV.
func TestReport(t *testing.T) {
	r := &Report{Loss: 1.5, Unit: "nats per token", Of: "9 tokens"}
	r.Add("h.0.attn", 2, []watch.Score{{Name: "entropy", Values: []float64{0.25, 2}}, {Name: "distance", Values: []float64{3, 4}}, {Name: "previous", Values: []float64{0.5, 1}}})
	if cuts := r.Cuts(); len(cuts) != 4 || cuts[3] != (watch.Ablate{Layer: "h.0.attn", Head: 1, Mean: true}) {
		t.Errorf("the cuts are %v", cuts)
	}
	r.Measured([]float64{1.5, 2, 3, 1.75, 1.25})
	if got := r.Table(); !strings.Contains(got, "0.250") || !strings.Contains(got, "–") || !strings.Contains(got, "+0.2500  -0.2500") {
		t.Errorf("the table is\n%s", got)
	}
	p, err := json.Marshal(r)
	if err != nil || !bytes.Contains(p, []byte(`"previous":0.5,"induction":null,"zero":2`)) {
		t.Errorf("JSON is %s, %v", p, err)
	}
	var out bytes.Buffer
	if err := r.CSV(&out); err != nil || !strings.HasSuffix(out.String(), "\nh.0.attn,2,2,4,1,,1.5,1.75,1.25\n") {
		t.Errorf("CSV is %s, %v", out.String(), err)
	}
}

// TestPatches: of a picture a head has one row, over its patches; the rollout is the model's own, because other tokens are part of it.
func TestPatches(t *testing.T) {
	m := watch.Map{
		Name: "layer 1", Heads: 2, Rows: words(2), Cols: words(2), Patches: true, Rollout: []float32{0, 0, 1, 0},
		Values: []float32{0.25, 0.25, 0.25, 0.25, 0, 0.5, 0, 0},
	}
	all := Scores(m)
	if len(all) != 1 || all[0].Name != "entropy" {
		t.Fatalf("the scores are %+v", all)
	}
	near(t, "the entropy of equal shares", all[0].Values[0], math.Log(4))
	near(t, "the entropy of half a share", all[0].Values[1], 0.5*math.Log(2))
	if got := Reduce([]watch.Map{m}, Rollout); len(got) != 1 || got[0].Heads != 1 || got[0].Values[2] != 1 {
		t.Errorf("the rollout is %+v", got)
	}
	if table := Table(&watch.HeatMaps{Maps: []watch.Map{m}}); !strings.Contains(table, `"a,b" 50 %`) {
		t.Errorf("the table is\n%s", table)
	}
}

// TestPictureScores: a class token and 2 × 2 patches. Of the patches each looks at one beside it, or at one across; the class token's row and
// column count for the entropy alone.
func TestPictureScores(t *testing.T) {
	head := func(to [5]int) []float32 {
		w := make([]float32, 25)
		for i, j := range to {
			w[5*i+j] = 1
		}
		return w
	}
	beside, across := head([5]int{0, 2, 1, 4, 3}), head([5]int{1, 4, 3, 2, 1})
	half := head([5]int{0, 0, 1, 4, 3}) // the first patch looks at the class token
	all := PictureScores(append(append(beside, across...), half...), 3, 2)
	if len(all) != 2 || all[0].Name != "entropy" || all[1].Name != "distance" {
		t.Fatalf("the scores are %+v", all)
	}
	near(t, "the entropy", all[0].Values[0], 0)
	near(t, "the distance of neighbours", all[1].Values[0], 1)
	near(t, "the distance across", all[1].Values[1], math.Sqrt2)
	near(t, "the distance without a patch", all[1].Values[2], 1)
}
