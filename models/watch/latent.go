package watch

// Keep asks package replay for a file of latent vectors in the run's folder.
type Keep struct {
	Name string      // of the file, without a folder and an ending
	Z    [][]float32 // of one length
}

func (Keep) request() {}
