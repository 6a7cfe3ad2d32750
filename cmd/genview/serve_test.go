//go:build unix

package main

import (
	"bufio"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestServe: the command prints where it serves, answers, and on SIGTERM ends with exit code 0 once what is in flight is answered.
func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "letters")
	must(t, tiny("--out", dir, "--steps", "2")...)
	for name, c := range map[string]struct {
		args  []string
		env   string
		link  string // begins what is printed
		token string // "": after the link
	}{
		"loopback": {[]string{"--listen", "127.0.0.1:0"}, "", "http://127.0.0.1:", ""},
		"all":      {[]string{"--listen", "0.0.0.0:0"}, "", "http://", ""},
		"token":    {[]string{"--listen", "127.0.0.1:0", "--token", "short"}, "not used", "http://127.0.0.1:", "short"},
		"variable": {[]string{"--listen", "[::]:0"}, "correct-horse-battery", "http://", "correct-horse-battery"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(binary, append([]string{"serve", dir}, c.args...)...)
			cmd.Env = append(os.Environ(), tokenVariable+"="+c.env)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			stderr, finish := started(t, cmd)
			link, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatalf("%v: %s", err, stderr)
			}
			link, token, made := strings.Cut(strings.TrimSpace(link), "#token=")
			if !strings.HasPrefix(link, c.link) || made != (name == "all") || c.token == "" && made && len(token) < shortestToken {
				t.Errorf("it prints %s and a token of %d characters", link, len(token))
			}
			if c.token != "" {
				token = c.token
			}
			link = "http://127.0.0.1" + link[strings.LastIndex(link, ":"):]
			post := func(token, path, body string) *http.Response {
				r, err := http.NewRequestWithContext(t.Context(), "POST", link+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/json")
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				return answer
			}
			if token != "" {
				if r := post("", "v1/sample", "{}"); r.StatusCode != http.StatusUnauthorized {
					t.Errorf("without the token the status is %d", r.StatusCode)
				}
			}
			r := post(token, "v1/sample", "{}")
			if _, err := png.Decode(r.Body); err != nil {
				t.Error(err)
			}
			film := post(token, "v1/walk", `{"frames":4000,"scale":2,"format":"gif"}`) // its beginning is there, and its end is not yet
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			p, err := io.ReadAll(film.Body)
			if err != nil || film.StatusCode != 200 || len(p) == 0 || p[len(p)-1] != ';' {
				t.Errorf("the film in flight has %d bytes, status %d, %v", len(p), film.StatusCode, err)
			}
			http.DefaultClient.CloseIdleConnections()
			if code := finish(); code != 0 || !strings.Contains(stderr.String(), "ended") || strings.Contains(stderr.String(), "goroutine") {
				t.Errorf("exit code %d: %s", code, stderr)
			}
		})
	}
}

// TestServeRefusals: where others could use a server, its token cannot be guessed, and an address that is taken is named.
func TestServeRefusals(t *testing.T) {
	refused(t, 2, "the token has 5 characters, and other machines can try many: give 16 or more", "serve", "none", "--listen", "0.0.0.0:0", "--token", "short")
	refused(t, 2, `--token "": give a text that cannot be guessed`, "serve", "none", "--token", "")
	refused(t, 2, "without spaces", "serve", "none", "--token", "a b")
	refused(t, 2, "--queue 0: give 1 or more", "serve", "none", "--queue", "0")
	refused(t, 2, "--batch 0: give 1 to 4096", "serve", "none", "--batch", "0")
	refused(t, 2, "--rate -1: give 0 or more", "serve", "none", "--rate", "-1")
	refused(t, 2, "--time 0s: give more than 0", "serve", "none", "--time", "0s")
	refused(t, 1, "--listen 999.0.0.1:0: ", "serve", "none", "--listen", "999.0.0.1:0")
	refused(t, 1, "there is no run", "serve", filepath.Join(t.TempDir(), "none"), "--listen", "127.0.0.1:0")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	refused(t, 1, "address already in use", "serve", "none", "--listen", l.Addr().String())
}
