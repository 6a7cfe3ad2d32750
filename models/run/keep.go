package run

import "os"

// A keeper is a source whose data may be kept in the run's folder; see [data.PictureSettings.Keep].
type keeper interface {
	Keep(dir string) (kept string, err error)
	Find(dir string)
}

// keep has the new run keep its data, if they are of that kind. If it fails, it leaves none. An encrypted run keeps none, because they would
// be plain.
func (t *Training) keep() error {
	if len(t.Folder.Recipients()) > 0 {
		return nil
	}
	source, ok := t.Config.Settings.Source().(keeper)
	if !ok {
		return nil
	}
	kept, err := source.Keep(t.Folder.Dir)
	if err != nil || kept == "" {
		return err
	}
	p, err := t.Config.Bytes()
	if err == nil {
		err = t.Folder.WriteConfig(p)
	}
	if err != nil {
		_ = os.Remove(kept)
	}
	return err
}
