package data

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
)

// TestFew: a few pictures of data that are not open are those of the opened data.
func TestFew(t *testing.T) {
	many := map[string][]byte{}
	for i := range 60 {
		var p bytes.Buffer
		if err := png.Encode(&p, &image.Gray{Pix: bytes.Repeat([]byte{byte(4 * i)}, 64), Stride: 8, Rect: image.Rect(0, 0, 8, 8)}); err != nil {
			t.Fatal(err)
		}
		many[fmt.Sprintf("%d.png", i)] = p.Bytes()
	}
	for name, files := range map[string]map[string][]byte{"many": many, "one": {"a.png": aPicture(t)}} {
		s := PictureSettings{SourceSettings: SourceSettings{Name: tree(t, files)}, Size: 8, Channels: 1}
		d, err := s.Open(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, held := range []bool{false, true} {
			set := d.Train
			if held {
				set = d.Test
			}
			want, err := Few(set, 7)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Few(t.Context(), Options{}, held, 7); err != nil || len(got) != min(7, set.Len())*64 || !slices.Equal(got, want) {
				t.Errorf("%s, held out %t: got %d values (%v), want %d", name, held, len(got), err, len(want))
			}
		}
	}
	damaged := PictureSettings{SourceSettings: SourceSettings{Name: tree(t, numbered(t, 30, 0, 1, 2, 3))}, Size: 8, Channels: 1}
	if got, err := damaged.Few(t.Context(), Options{}, false, 30); err != nil || len(got) == 0 || len(got) > 26*64 {
		t.Errorf("of a folder with damaged pictures: %d values, %v", len(got), err)
	}
	all := PictureSettings{SourceSettings: SourceSettings{Name: tree(t, numbered(t, 1, 0))}, Size: 8, Channels: 1}
	if _, err := all.Few(t.Context(), Options{}, false, 1); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("of a damaged picture: %v", err)
	}
}
