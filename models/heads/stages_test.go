package heads

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"genview/models/watch"
)

// stages are those of a head with two queries and three keys; the last key is masked.
func stages() *watch.Stages {
	return &watch.Stages{
		Dissect: watch.Dissect{Layer: "h.1.attn", Head: 2}, Rows: []string{"a", "b"}, Cols: []string{"x", "y", "z"}, Width: 2,
		Scores: []float32{1, 2, 9, -1, -2, -3}, Masked: []bool{false, false, true, false, false, true},
		Weights: []float32{0.25, 0.75, 0, 0.6, 0.4, 0}, Values: []float32{3, 4, 0, -1},
	}
}

// TestStageTable: a masked key is not what a query looks most at, however high its score. A query that may look at nothing says only that.
func TestStageTable(t *testing.T) {
	s := stages()
	want := "query  looks most at  Q·K/√D  weight  masked  |value|\n" +
		"\"a\"    \"y\"            2.000   0.750   1       5.000\n" +
		"\"b\"    \"x\"            -1.000  0.600   1       1.000\n"
	if got := StageTable(s); got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
	s.Masked = []bool{true, true, true, false, false, true}
	if got := StageTable(s); !slices.Equal(strings.Fields(strings.Split(got, "\n")[1]), []string{`"a"`, "3", "5.000"}) {
		t.Errorf("a query without keys is\n%s", got)
	}
}

// TestWriteStages reads back what is written.
func TestWriteStages(t *testing.T) {
	var file bytes.Buffer
	if err := WriteStages(&file, ".json", stages()); err != nil {
		t.Fatal(err)
	}
	var back watch.Stages
	if err := json.Unmarshal(file.Bytes(), &back); err != nil || !reflect.DeepEqual(&back, stages()) {
		t.Errorf("from JSON: %+v, %v", back, err)
	}
	file.Reset()
	if err := WriteStages(&file, ".npz", stages()); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"scores": stages().Scores, "masked": {0, 0, 1, 0, 0, 1}, "weights": stages().Weights, "values": stages().Values} {
		f, err := z.Open(name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(want))
		if _, err := binary.Decode(all[len(all)-4*len(want):], binary.LittleEndian, got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v, %v; want %v", name, got, err, want)
		}
	}
	if err := WriteStages(io.Discard, ".csv", stages()); err == nil {
		t.Error("a table is written")
	}
}
