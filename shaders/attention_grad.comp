// attention_grad.comp: the gradients of attention.comp (Dao 2023, algorithm 2), from each query's largest score and its sum of e^(score −
// largest), and from inner, its result times the gradient dy of that. The workgroups of one dispatch own queries and make dq; those of
// another own keys and make dk and dv. With the shares p and ds = p·(dy·vᵀ − inner)·SCALE these are ds·k, and, transposed, ds·q and p·dy.
// Dropout takes the same elements from p·dy, and in ds from p·(dy·vᵀ), that it took from the shares. Nothing is added up by more than one
// invocation.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "attention.glsl"

// Holes, as in attention.comp.
float largest(const int z, const int t) { return 0; }
float sum(const int z, const int t) { return 0; }
float inner(const int z, const int t) { return 0; }
void resultA(const int z, const int n, const int d, const vec4 y) {}
void resultB(const int z, const int n, const int e, const vec4 y) {}

const int QUERIES = KEYS ? OTHER : OWN;     // of which scores are made at once
shared float largests[QUERIES], parts[QUERIES], inners[QUERIES];   // parts are 1 / sum

// queries says which of them those are whose scores, of a row of what is owned, this invocation has.
ivec4 queries(const int i) { return KEYS ? column() + ivec4(0, 8, 16, 24) : ivec4(row() + 32 * i); }

// know reads what is known of the queries from t0 on.
void know(const int t0) {
    if (id < QUERIES) {
        int t = min(t0 + id, T - 1);
        largests[id] = largest(z, t);
        parts[id] = 1 / sum(z, t);
        inners[id] = inner(z, t);
    }
}

void main() {
    if (!begin()) return;
    int first = CAUSAL && KEYS ? n0 / OTHER * OTHER : 0, end = CAUSAL && !KEYS ? min(M, n0 + OWN) : M;
    ivec4 words = state();
    if (!KEYS) know(n0);
    [[dont_unroll]] for (int m0 = first; m0 < end; m0 += OTHER) {
        if (KEYS) know(m0);
        multiply(true, m0);
        [[unroll]] for (int i = 0; i < R; i++) put(i, s[i]);
        [[dont_unroll]] for (int i = 0; i < R; i++) {
            ivec4 t = queries(i);
            vec4 largest = vec4(largests[t.x], largests[t.y], largests[t.z], largests[t.w]), part = vec4(parts[t.x], parts[t.y], parts[t.z], parts[t.w]);
            vec4 p = exp(scores(mine(i), others(m0), share(i)) - largest) * part;
            if (DROPS) p *= mix(vec4(1 / KEEP), vec4(-1), dropped(i, m0, words));   // what is dropped is negative
            put(i, mix(vec4(0), p, seen(mine(i), m0)));
        }
        if (KEYS) {
            barrier();
            weigh(false, m0);
        }
        multiply(false, m0);
        [[unroll]] for (int i = 0; i < R; i++) {
            ivec4 t = queries(i);
            vec4 p = share(i), kept = p, all = p, inner = vec4(inners[t.x], inners[t.y], inners[t.z], inners[t.w]);
            if (DROPS) {
                bvec4 negative = lessThan(p, vec4(0));
                kept = mix(p, vec4(0), negative);
                all = mix(p * KEEP, -p, negative);
            }
            vec4 ds = (kept * s[i] - all * inner) * SCALE;
            put(i, mix(vec4(0), ds, seen(mine(i), m0)));
        }
        barrier();
        weigh(true, m0);
    }
    [[unroll]] for (int w = 0; w < WA; w++) {
        int n = n0 + over(id, XA) + w * (LANES / XA);
        if (n < N && rest(id, XA) < FA) resultA(z, n, rest(id, XA) * 4, acc[w]);
    }
    if (KEYS) {
        [[unroll]] for (int w = 0; w < WB; w++) {
            int n = n0 + over(id, XB) + w * (LANES / XB);
            if (n < N && rest(id, XB) < FB) resultB(z, n, rest(id, XB) * 4, acc[WA + w]);
        }
    }
}
