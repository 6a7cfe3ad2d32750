// Package script runs programs in Starlark, a small dialect of Python, that film walks through what models have learned.
//
//	m = model()
//	def draw(i, t):
//	    return slerp(m.seed(1), m.seed(7), t) + 0.5 * m.direction("smile")
//	film("smile.gif", 120, draw)
//
// The one idea: a script computes latent vectors, and everything heavy happens in calls that the host serves: decoding in batches on the
// device, writing films while they are drawn. So scripts are short, and as fast as the command line.
//
// A script is deterministic, and cannot do harm: it has no clock and no randomness but seeds, reads only runs, pictures, latent vectors and
// sounds that it names, writes only below one folder, in formats of films and latent vectors, and its steps, its memory, what
// it prints and the time of one operation are bounded. Package go.starlark.net, which runs it, has no way out to the host but the functions of
// [Functions].
package script
