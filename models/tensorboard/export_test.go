package tensorboard

// A FullDisk takes as many bytes as it has room for.
type FullDisk struct {
	disk
	Room int
	Err  error
}

// WriteAt writes what there is room for.
func (d *FullDisk) WriteAt(p []byte, at int64) (int, error) {
	if len(p) <= d.Room {
		d.Room -= len(p)
		return d.disk.WriteAt(p, at)
	}
	n, err := d.disk.WriteAt(p[:d.Room], at)
	if err == nil {
		err = d.Err
	}
	d.Room = 0
	return n, err
}

// OnFullDisk moves a file to a disk that is full.
func (f *File) OnFullDisk(err error) *FullDisk {
	d := &FullDisk{disk: f.f, Err: err}
	f.f = d
	return d
}
