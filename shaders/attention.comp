// attention.comp: softmax(q·kᵀ·SCALE)·v for GPUs (Dao et al. 2022, algorithm 1). A workgroup owns queries; the invocations that have
// scores of a query keep the largest yet, and each its part of the sum of the exponentials.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "attention.glsl"

// Holes: what becomes of the results, and of a query's largest score and its sum of e^(score − largest).
void result(const int z, const int t, const int e, const vec4 y) {}
void sums(const int z, const int t, const float largest, const float sum) {}

const float LOWEST = -3.4028235e38;
shared float factors[OWN];      // of queries

float most(const vec4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

void main() {
    if (!begin()) return;
    int end = CAUSAL ? min(M, n0 + OWN) : M;
    ivec4 words = state();
    vec2 top = vec2(LOWEST), sum = vec2(0);      // of the rows mine(0) and mine(R - 1)
    [[dont_unroll]] for (int m0 = 0; m0 < end; m0 += OTHER) {
        multiply(true, m0);
        ivec4 m = others(m0);
        vec2 best = vec2(LOWEST);
        [[unroll]] for (int i = 0; i < R; i++) put(i, s[i]);
        [[dont_unroll]] for (int i = 0; i < R; i++) {
            vec4 v = mix(vec4(LOWEST), scores(mine(i), m, share(i)), seen(mine(i), m0));
            put(i, v);
            best = vec2(i == 0 ? most(v) : best.x, most(v));
        }
        stage[id] = vec4(best, 0, 0);
        barrier();
        best = top;
        [[unroll]] for (int j = 0; j < 8; j++) best = max(best, stage[row() * 8 + j].xy);
        vec2 less = exp(top - best), part = vec2(0);
        [[dont_unroll]] for (int i = 0; i < R; i++) {
            vec4 v = share(i), p = mix(exp(v - (i == 0 ? best.x : best.y)), vec4(0), equal(v, vec4(LOWEST)));
            float terms = p.x + p.y + p.z + p.w;
            part = vec2(i == 0 ? terms : part.x, terms);
            if (DROPS) p = mix(p / KEEP, vec4(0), dropped(i, m0, words));
            put(i, p);
            if (column() == 0) factors[row() + 32 * i] = i == 0 ? less.x : less.y;
        }
        sum = sum * less + part;
        top = best;
        barrier();
        [[unroll]] for (int w = 0; w < WB; w++) acc[WA + w] *= factors[over(id, XB) + w * (LANES / XB)];
        weigh(false, m0);
    }
    stage[id] = vec4(sum, 0, 0);
    barrier();
    sum = vec2(0);
    [[unroll]] for (int j = 0; j < 8; j++) sum += stage[row() * 8 + j].xy;
    [[unroll]] for (int i = 0; i < R; i++) {
        if (column() == 0) {
            factors[row() + 32 * i] = i == 0 ? sum.x : sum.y;
            if (mine(i) < T) sums(z, mine(i), i == 0 ? top.x : top.y, i == 0 ? sum.x : sum.y);
        }
    }
    barrier();
    [[unroll]] for (int w = 0; w < WB; w++) {
        int n = over(id, XB) + w * (LANES / XB);
        if (n0 + n < T && rest(id, XB) < FB) result(z, n0 + n, rest(id, XB) * 4, acc[WA + w] / factors[n]);
    }
}
