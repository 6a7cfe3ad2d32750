package watch

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

func (Keep) request()          {}
func (KeepDirection) request() {}
func (Vary) request()          {}
