package watch

import (
	"fmt"
	"image"
)

// Keep asks package replay for a file of latent vectors in the run's folder.
type Keep struct {
	Name string      // of the file, without a folder and an ending
	Z    [][]float32 // of one length
}

// KeepDirection asks package replay to keep a direction with the run, in place of the one of that name.
type KeepDirection struct{ Point }

// Vary asks package replay for the directions along which a layer of the decoder varies most, or the latent vectors of held-out pictures do.
type Vary struct {
	Layer string // one of [Latent.Layers]; "": the latent vectors themselves, if [Latent.Encodes]
	Step  int    // of recorded weights; below 0: the newest
	Reply func(*Components, error)
}

// Components are directions that were found in a latent space, the largest first. One unit is a standard deviation.
type Components struct {
	Points []Point
	Shares []float64 // of the variance, one a point
}

// Survey asks package replay where held-out pictures lie in a latent space that [Latent.Encodes].
type Survey struct {
	Step  int  // of recorded weights; below 0: the newest
	TSNE  bool // in place of the principal components
	Reply func(*Atlas, error)
}

// An Atlas is a map of held-out pictures in a latent space. Its plane is spanned by their two largest principal components; in two dimensions it
// is the space itself. A map by t-SNE has places for its pictures alone.
type Atlas struct {
	Z       [][]float32 // of each picture
	Images  []*image.RGBA
	Classes []int32
	Names   []string  // of the classes; nil: they have none
	Shares  []float64 // of the variance, one an axis; nil in two dimensions

	Mean   []float32    // the plane's origin
	Axes   [][]float32  // one or two, of length 1
	Places [][2]float64 // of the pictures by t-SNE; nil: they lie on the plane
}

// Place returns where picture i lies on the map.
func (a *Atlas) Place(i int) [2]float64 {
	if a.Places != nil {
		return a.Places[i]
	}
	return a.At(a.Z[i])
}

// Class names the class of picture i.
func (a *Atlas) Class(i int) string { return a.NameOf(a.Classes[i]) }

// NameOf names a class.
func (a *Atlas) NameOf(class int32) string {
	if int(class) < len(a.Names) {
		return a.Names[class]
	}
	return fmt.Sprintf("class %d", class)
}

// At returns the place of a latent vector on the plane.
func (a *Atlas) At(z []float32) (xy [2]float64) {
	for k, axis := range a.Axes {
		for i, v := range axis {
			xy[k] += float64(v) * float64(z[i]-a.Mean[i])
		}
	}
	return xy
}

// Locate asks package replay for the latent vector of a picture: that of its encoder, or, if the model has none, the point whose picture is most
// like it. A search that goes on is ended by the next Locate.
type Locate struct {
	Path  string
	Step  int                // of recorded weights; below 0: the newest
	Heard func(done, of int) // receives the steps of a search
	Reply func(*Located, error)
}

// Located is the latent vector of a picture.
type Located struct {
	Z   []float32
	MSE float64 // the mean squared difference of the picture and that of Z
}

func (Locate) request()        {}
func (Survey) request()        {}
func (Keep) request()          {}
func (KeepDirection) request() {}
func (Vary) request()          {}
