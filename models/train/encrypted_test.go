package train

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/encrypt"
	"genview/models/record"
	"genview/tensor"
)

// encrypted creates a run that is encrypted to a key, and returns the file of that key.
func encrypted(t *testing.T) (r *Run, key string) {
	t.Helper()
	t.Cleanup(encrypt.Forget)
	key = filepath.Join(t.TempDir(), "me.txt")
	r, err := CreateEncrypted(filepath.Join(t.TempDir(), "run"), []byte("name: a\n"), newSecret(t, key))
	if err != nil {
		t.Fatal(err)
	}
	return r, key
}

// newSecret makes a key.
func newSecret(t *testing.T, path string) *encrypt.Lock {
	t.Helper()
	public, err := encrypt.Generate(path, "")
	if err != nil {
		t.Fatal(err)
	}
	to, err := encrypt.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	return &encrypt.Lock{To: to}
}

// trainEncrypted trains an encrypted run with samples, marks and a recording.
func trainEncrypted(t *testing.T, rt *tensor.Runtime) (r *Run, key string, m *counter) {
	t.Helper()
	r, key = encrypted(t)
	m = newCounter(t, rt)
	o := Options{Steps: 30, SampleEvery: 10, MeasureEvery: 10, Record: 1 << 20, Measurer: measurer{m: m, values: map[int]float64{10: 1, 20: 3, 30: 2}}}
	if step, err := runLoop(t.Context(), t, r, m, 0, o); err != nil || step != 30 {
		t.Fatalf("it ends at step %d, %v", step, err)
	}
	r.Close()
	return r, key, m
}

// TestEncryptedRun: the one who has the key opens checkpoints, samples and the recording of an encrypted run, and goes on with it. Others read
// its metrics, and are told why they cannot open more.
func TestEncryptedRun(t *testing.T) {
	rt := runtimeOf(t)
	made, key, m := trainEncrypted(t, rt)
	plain := 0
	for _, f := range tree(t, made.Dir) {
		name := strings.TrimSuffix(filepath.Base(f), "/")
		switch info, err := os.Stat(filepath.Join(made.Dir, f)); {
		case err != nil:
			t.Error(err)
		case info.Mode().Perm()&0o077 != 0:
			t.Errorf("others may read %s: %v", f, info.Mode())
		case info.IsDir(), strings.HasSuffix(name, encrypt.Ending):
		case name == configName, name == metricsName, name == eventsName, name == lockName, name == encrypt.RecipientsName:
			plain++
		default:
			t.Errorf("%s is not encrypted", f)
		}
	}
	if plain != 5 {
		t.Errorf("%d files are plain", plain)
	}
	encrypt.Forget()
	r, err := OpenRun(made.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load(rt, m.State()); !errors.Is(err, encrypt.ErrNoKey) || errors.As(err, new(*DamagedError)) {
		t.Errorf("without the key it loads %v", err)
	}
	if _, err := r.Recording(); !errors.Is(err, encrypt.ErrNoKey) {
		t.Errorf("without the key the recording opens: %v", err)
	}
	found, err := r.Check(t.Context())
	locked := 0
	for _, f := range found {
		if f.Problem != "" {
			t.Errorf("without the key, %s %s", f.File, f.Problem)
		}
		if f.Locked {
			locked++
		}
	}
	if err != nil || locked < 10 {
		t.Errorf("of %d files %d are locked, %v", len(found), locked, err)
	}
	if all, err := r.Records(); err != nil || len(all) == 0 {
		t.Errorf("without the key there are %d metrics, %v", len(all), err)
	}
	if err := encrypt.AddIdentities(key); err != nil {
		t.Fatal(err)
	}
	sound(t, "with the key", made.Dir)
	if step, mark, err := r.Best(); err != nil || step != 20 || mark.Value != 3 {
		t.Errorf("the best is %d, %v, %v", step, mark, err)
	}
	if step, err := r.Load(rt, m.State()); err != nil || step != 30 {
		t.Fatalf("loads step %d, %v", step, err)
	}
	if err := r.Lock(); err != nil {
		t.Fatal(err)
	}
	if step, err := runLoop(t.Context(), t, r, m, 30, Options{Steps: 40, Record: 1 << 20}); err != nil || step != 40 {
		t.Fatalf("it goes on to step %d, %v", step, err)
	}
	r.Close()
	recording, err := r.Recording()
	if err != nil {
		t.Fatal(err)
	}
	if at, err := recording.At(40); err != nil || at.Step != 40 || len(at.Lost) > 0 {
		t.Errorf("the recording has %v, %v", at, err)
	}
	if _, err := LoadKey(rt, m.Drawn(), recording, 40); err != nil {
		t.Error(err)
	}
	sound(t, "after it went on", made.Dir)
}

// TestServerWithoutKey: a process that is given no secret key opens what it has written itself, as when it has lost its device.
func TestServerWithoutKey(t *testing.T) {
	rt := runtimeOf(t)
	r, _, m := trainEncrypted(t, rt)
	if step, err := r.Load(rt, m.State()); err != nil || step != 30 {
		t.Errorf("loads step %d, %v", step, err)
	}
	if _, err := r.Recording(); err != nil {
		t.Error(err)
	}
}

// TestLostRecipients: a run that is encrypted does not go on as a plain one because somebody has deleted the file of its recipients; while
// it trains, that file is restored.
func TestLostRecipients(t *testing.T) {
	rt := runtimeOf(t)
	made, _, m := trainEncrypted(t, rt)
	path := filepath.Join(made.Dir, encrypt.RecipientsName)
	if err := made.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := made.Save(rt, m.State(), 31); err != nil {
		t.Fatal(err)
	}
	made.Close()
	if err := os.Remove(path); err != nil {
		t.Errorf("it was not restored: %v", err)
	}
	r, err := OpenRun(made.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Lock(); err == nil || !strings.Contains(err.Error(), "has lost its recipients.txt") {
		t.Errorf("it goes on: %v", err)
	}
	if step, err := r.Load(rt, m.State()); err != nil || step != 31 {
		t.Errorf("it cannot be looked at: step %d, %v", step, err)
	}
	if err := os.WriteFile(path, []byte("nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRun(made.Dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("with a damaged file it opens: %v", err)
	}
}

// TestDecrypted: the copy of an encrypted run is whole and plain, and has the same weights; the run stays.
func TestDecrypted(t *testing.T) {
	rt := runtimeOf(t)
	made, _, m := trainEncrypted(t, rt)
	if _, err := made.SetAside(20); err != nil {
		t.Fatal(err)
	}
	if _, err := record.SetAside(filepath.Join(made.Dir, recordName), 20); err != nil {
		t.Fatal(err)
	}
	before := tree(t, made.Dir)
	to := filepath.Join(t.TempDir(), "open")
	n, err := made.Decrypted(t.Context(), to)
	if err != nil || n.Decrypted < 10 {
		t.Fatalf("%+v, %v", n, err)
	}
	if after := tree(t, made.Dir); strings.Join(before, " ") != strings.Join(after, " ") {
		t.Errorf("the run has %v", after)
	}
	encrypt.Forget()
	for _, f := range tree(t, to) {
		if strings.Contains(f, encrypt.Ending) {
			t.Errorf("%s is encrypted", f)
		}
	}
	r := sound(t, "the copy", to)
	if step, err := r.Load(rt, m.State()); err != nil || step != 20 || m.value(t) != 20 {
		t.Errorf("it loads step %d with %v, %v", step, m.value(t), err)
	}
	if _, err := made.Decrypted(t.Context(), to); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a folder is replaced: %v", err)
	}
	if _, err := made.Decrypted(t.Context(), to+"2"); err == nil {
		t.Error("it is decrypted without a key")
	}
	if _, err := os.Stat(to + "2"); err == nil {
		t.Error("a copy that failed is left")
	}
}

// TestBeginningEncryptedOnAFailingDisk is TestBeginningOnAFailingDisk for an encrypted run.
func TestBeginningEncryptedOnAFailingDisk(t *testing.T) {
	secret := newSecret(t, filepath.Join(t.TempDir(), "me.txt"))
	eachFailing(t, func(what string, failing func(work func())) {
		dir := filepath.Join(t.TempDir(), "run")
		var r *Run
		var err error
		failing(func() { r, err = CreateEncrypted(dir, []byte("name: a\n"), secret) })
		if err == nil {
			r.Close()
			if sound(t, what, dir); len(r.Recipients()) != 1 {
				t.Errorf("%s: it is to %v", what, r.Recipients())
			}
			return
		}
		if r, err = CreateEncrypted(dir, []byte("name: a\n"), secret); err != nil {
			t.Errorf("%s: it cannot be begun again: %v", what, err)
			return
		}
		r.Close()
	})
}
