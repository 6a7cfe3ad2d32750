package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"genview/models/run"
	"genview/models/safetensors"
	"genview/models/telemetry"
	"genview/models/train"
	"genview/vk"
	"genview/vk/vktest"
)

// trains trains a tiny VAE to step 12, and returns the checksum of its weights. Each step asks for the metrics, if there is a meter; scraped
// receives the step and its series of kernels.
func trains(t *testing.T, m *telemetry.Meter, scraped func(step int, kernels [][]string)) string {
	t.Helper()
	vktest.Open(t) // skips the test without a device
	h := run.Host{NoTuning: true, Options: func(o *vk.Options) { *o = vktest.Options(t, *o) }}
	c, err := run.New("vae")
	if err != nil {
		t.Fatal(err)
	}
	c.SetSteps(12)
	for _, set := range []string{"model.hidden=8", "model.z=2", "data.size=8", "batch=8", "record.budget=0"} {
		key, value, _ := strings.Cut(set, "=")
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := run.Configure(t.Context(), c, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	s, err := h.Create(t.Context(), filepath.Join(t.TempDir(), "run"), c)
	if err != nil {
		t.Fatal(err)
	}
	if s.Device.Info().TimestampBits == 0 {
		t.Skip("SKIPPED: the device keeps no times")
	}
	o := train.Options{LogEvery: 4}
	if m != nil {
		o.OnStep = func(step int, _ time.Duration) {
			page := httptest.NewRecorder()
			m.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			scraped(step, regexp.MustCompile(`(?m)^genview_training_kernel_seconds\{kernel="(.*)",ops="(.*)",shapes=".*"\} (.*)$`).FindAllStringSubmatch(page.Body.String(), -1))
		}
		o = m.Watch(o, telemetry.About{})
	}
	if err := s.Train(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	sum, err := safetensors.Checksum(s.Folder.Checkpoint(12))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestKernels: one request has the training time a step, the next has the times, no other step is timed soon after, and the weights become what
// they become without.
func TestKernels(t *testing.T) {
	first := ""
	sum := trains(t, telemetry.New(), func(step int, kernels [][]string) {
		all, ops, total := "", "", 0.0
		for _, k := range kernels {
			seconds, err := strconv.ParseFloat(k[3], 64)
			if err != nil || seconds < 0 {
				t.Errorf("%s takes %s", k[2], k[3])
			}
			all, ops, total = all+k[0]+"\n", ops+k[2]+"\n", total+seconds
		}
		switch {
		case step == 1 && len(kernels) > 0:
			t.Errorf("before anybody asked, the kernels are %s", all)
		case step == 2:
			if first = all; len(kernels) < 5 || !strings.Contains(ops, "MatMul") || total <= 0 || total > 10 {
				t.Errorf("the kernels are %s", all)
			}
		case step > 2 && all != first:
			t.Errorf("at step %d another step has been timed: %s", step, all)
		}
	})
	if without := trains(t, nil, nil); sum != without {
		t.Errorf("with the times of kernels the weights have the checksum %s, without %s", sum, without)
	}
}
