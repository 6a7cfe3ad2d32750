package webpage_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"genview/models/webpage"
)

// TestWrite: no text of a title or of the data ends the element that it stands in.
func TestWrite(t *testing.T) {
	var out strings.Builder
	evil := `</title></script><b>"&`
	err := webpage.Write(&out, webpage.Page{Title: evil, Style: "b { color: red }", Body: "<main></main>", Program: "start();", Data: []string{evil}})
	if err != nil {
		t.Fatal(err)
	}
	got := out.String()
	if strings.Contains(got, "<b>") || strings.Count(got, "</title>") != 1 || strings.Count(got, "</script>") != 2 {
		t.Errorf("the page is %s", got)
	}
	for _, want := range []string{"--ground:", "b { color: red }", "<main></main>", "start();", `\u003cb\u003e`} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has no %q: %s", want, got)
		}
	}
	if err := webpage.Write(&out, webpage.Page{Data: math.NaN()}); err == nil {
		t.Error("data that JSON cannot have give no error")
	}
}

// A page whose program shows the data that the page carries.
func ExampleWrite() {
	var out strings.Builder
	err := webpage.Write(&out, webpage.Page{
		Title:   "losses",
		Body:    "<main id=\"losses\"></main>\n",
		Program: "losses.textContent = JSON.parse(data.textContent).join(' ');\n",
		Data:    []float64{2.5, 1.25},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.Contains(out.String(), "<title>losses</title>"), strings.Contains(out.String(), ">[2.5,1.25]<"))
	// Output: true true
}
