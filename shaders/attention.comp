// attention.comp: softmax(q·kᵀ·SCALE)·v for GPUs, for each of Z pairs of q [T, D] and k [S, D] with v [S, E] (Dao et al. 2022,
// algorithm 1). A workgroup of 16 × 8 takes 8·R queries and goes over the keys 32 at a time: their scores are in shared memory, and
// each invocation keeps, of R queries, the largest score yet, its part of the sum of the exponentials, and every 16th four of the
// values that they weigh.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 16, local_size_y = 8) in;
layout(constant_id = 0) const int Z = 1;
layout(constant_id = 1) const int T = 1;
layout(constant_id = 2) const int S = 1;
layout(constant_id = 3) const int D = 1;
layout(constant_id = 4) const int E = 1;
layout(constant_id = 5) const float SCALE = 1;
layout(constant_id = 6) const bool CAUSAL = false;  // no query looks at later keys
layout(constant_id = 7) const int R = 4;            // 4 or 8
layout(constant_id = 31) const int GROUPS = 32768;      // workgroups along x; more go on along y

// Holes: where rows begin, four of their elements (those beyond the end are zero), and what becomes of the results.
int rowQ(const int z, const int t) { return 0; }
int rowK(const int z, const int s) { return 0; }
int rowV(const int z, const int s) { return 0; }
vec4 loadQ(const int row, const int d) { return vec4(0); }
vec4 loadK(const int row, const int d) { return vec4(0); }
vec4 loadV(const int row, const int e) { return vec4(0); }
void result(const int z, const int t, const int e, const vec4 y) {}
void logSum(const int z, const int t, const float y) {}     // log Σ e^score of a query

const int LANES = 128, QUERIES = 8 * R, KEYS = 32, STEP = 4, VALUES = 16;   // STEP fours of q and k, VALUES rows of v are staged at once
const int WIDE = STEP + 1, ROW = KEYS / 4 + 1;      // one more: rows that are read at once begin in other banks
const int FOURS = (E + 3) / 4, C = (FOURS + 15) / 16, PARTS = LANES / QUERIES, LOADS = QUERIES * STEP / LANES;
const int PRODUCT = QUERIES * STEP + KEYS * WIDE, WEIGHED = VALUES * FOURS;
const float LEAST = -3.4028235e38;

shared vec4 stage[PRODUCT > WEIGHED ? PRODUCT : WEIGHED];
shared vec4 shares[QUERIES * ROW];
shared float tops[LANES];

void main() {
    int x = int(gl_LocalInvocationID.x), y = int(gl_LocalInvocationID.y), id = y * 16 + x;
    int down = (T + QUERIES - 1) / QUERIES, group = int(gl_WorkGroupID.y) * GROUPS + int(gl_WorkGroupID.x);
    int z = group / down, t0 = group % down * QUERIES;
    if (down * Z > GROUPS && z >= Z) return;
    if (CAUSAL) t0 = (down - 1) * QUERIES - t0;     // those that look at most come first
    int end = CAUSAL ? min(S, t0 + QUERIES) : S, row[LOADS];
    [[unroll]] for (int i = 0; i < LOADS; i++) row[i] = rowQ(z, min(t0 + (i * LANES + id) / STEP, T - 1));
    vec4 acc[R * C];
    float top[R], sum[R], s[2 * R];
    [[unroll]] for (int i = 0; i < R * C; i++) acc[i] = vec4(0);
    [[unroll]] for (int i = 0; i < R; i++) {
        top[i] = LEAST;
        sum[i] = 0;
    }
    for (int s0 = 0; s0 < end; s0 += KEYS) {
        int key = rowK(z, min(s0 + id / STEP, S - 1));
        [[unroll]] for (int i = 0; i < 2 * R; i++) s[i] = 0;
        for (int d0 = 0; d0 < D; d0 += 4 * STEP) {
            int d = d0 + id % STEP * 4;
            [[unroll]] for (int i = 0; i < LOADS; i++) stage[i * LANES + id] = d < D ? loadQ(row[i], d) : vec4(0);
            stage[QUERIES * STEP + id / STEP * WIDE + id % STEP] = d < D ? loadK(key, d) : vec4(0);
            barrier();
            [[unroll]] for (int k = 0; k < STEP; k++) {
                vec4 a = stage[QUERIES * STEP + x * WIDE + k], b = stage[QUERIES * STEP + (x + 16) * WIDE + k];
                [[unroll]] for (int i = 0; i < R; i++) {
                    vec4 q = stage[(y + 8 * i) * STEP + k];
                    s[2 * i] += dot(q, a);
                    s[2 * i + 1] += dot(q, b);
                }
            }
            barrier();
        }
        [[unroll]] for (int i = 0; i < 2 * R; i++) {
            int c = x + i % 2 * 16, r = y + i / 2 * 8;
            s[i] = s0 + c < S && (!CAUSAL || s0 + c <= t0 + r) ? s[i] * SCALE : LEAST;
            shares[r * ROW + c / 4][c % 4] = s[i];
        }
        barrier();
        int part = id / PARTS * ROW + id % PARTS * (KEYS / 4 / PARTS);
        vec4 most = shares[part];
        [[unroll]] for (int j = 1; j < KEYS / 4 / PARTS; j++) most = max(most, shares[part + j]);
        tops[id] = max(max(most.x, most.y), max(most.z, most.w));
        barrier();
        [[unroll]] for (int i = 0; i < R; i++) {
            int r = y + 8 * i;
            float best = top[i];
            [[unroll]] for (int j = 0; j < PARTS; j++) best = max(best, tops[r * PARTS + j]);
            float less = exp(top[i] - best);
            top[i] = best;
            sum[i] *= less;
            [[unroll]] for (int c = 0; c < C; c++) acc[i * C + c] *= less;
            [[unroll]] for (int h = 0; h < 2; h++) {
                float p = s[2 * i + h] == LEAST ? 0 : exp(s[2 * i + h] - best);
                sum[i] += p;
                int c = x + 16 * h;
                shares[r * ROW + c / 4][c % 4] = p;
            }
        }
        for (int v0 = 0; v0 < KEYS && s0 + v0 < end; v0 += VALUES) {
            for (int e = id; e < WEIGHED; e += LANES) {
                int v = s0 + v0 + e / FOURS;
                stage[e] = v < S ? loadV(rowV(z, v), e % FOURS * 4) : vec4(0);
            }
            barrier();
            [[unroll]] for (int k = 0; k < VALUES; k += 4) {
                [[unroll]] for (int c = 0; c < C; c++) {
                    int e = k * FOURS + min(x + 16 * c, FOURS - 1);
                    vec4 v[4];
                    [[unroll]] for (int j = 0; j < 4; j++) v[j] = stage[e + j * FOURS];
                    [[unroll]] for (int i = 0; i < R; i++) {
                        vec4 p = shares[(y + 8 * i) * ROW + (v0 + k) / 4];
                        acc[i * C + c] += p.x * v[0] + p.y * v[1] + p.z * v[2] + p.w * v[3];
                    }
                }
            }
            barrier();
        }
    }
    [[unroll]] for (int i = 0; i < R; i++) shares[(y + 8 * i) * ROW + x / 4][x % 4] = sum[i];
    barrier();
    [[unroll]] for (int i = 0; i < R; i++) {
        int t = t0 + y + 8 * i, r = (y + 8 * i) * ROW;
        vec4 parts = shares[r] + shares[r + 1] + shares[r + 2] + shares[r + 3];
        float total = parts.x + parts.y + parts.z + parts.w;
        [[unroll]] for (int c = 0; c < C; c++) {
            if (t < T && x + 16 * c < FOURS) result(z, t, 4 * (x + 16 * c), acc[i * C + c] / total);
        }
        if (t < T && x == 0) logSum(z, t, top[i] + log(total));
    }
}
