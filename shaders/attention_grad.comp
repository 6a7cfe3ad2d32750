// attention_grad.comp: the gradients of attention.comp (Dao 2023, algorithm 2), from total = log Σ e^score of each query, and inner, its
// result times the gradient dy of that. The workgroups of one dispatch own queries and make dq; those of another own keys and make dk
// and dv. With p = e^(score − total) and ds = p·(dy·vᵀ − inner)·SCALE these are ds·k, and, transposed, ds·q and p·dy. Nothing is added
// up by more than one invocation.
//
// What is owned and what is gone over are pairs, A of width D and B of width E: (q, dy) and (k, v), or the other way round.
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
layout(constant_id = 6) const bool CAUSAL = false;
layout(constant_id = 7) const int R = 4;            // 4 or 8
layout(constant_id = 8) const bool KEYS = false;    // keys are owned
layout(constant_id = 31) const int GROUPS = 32768;      // workgroups along x; more go on along y

// Holes, as in attention.comp.
int rowOwnA(const int z, const int n) { return 0; }
int rowOwnB(const int z, const int n) { return 0; }
int rowOtherA(const int z, const int m) { return 0; }
int rowOtherB(const int z, const int m) { return 0; }
vec4 loadOwnA(const int row, const int d) { return vec4(0); }
vec4 loadOwnB(const int row, const int e) { return vec4(0); }
vec4 loadOtherA(const int row, const int d) { return vec4(0); }
vec4 loadOtherB(const int row, const int e) { return vec4(0); }
float total(const int z, const int t) { return 0; }
float inner(const int z, const int t) { return 0; }
void resultA(const int z, const int n, const int d, const vec4 y) {}
void resultB(const int z, const int n, const int e, const vec4 y) {}

const int LANES = 128, OWN = 8 * R, OTHER = 32, STEP = 4, VALUES = 16;
const int WIDE = STEP + 1, ROW = OTHER / 4 + 1, LOADS = OWN * STEP / LANES;
const int FOURSA = (D + 3) / 4, FOURSB = (E + 3) / 4, CA = (FOURSA + 15) / 16, CB = KEYS ? (FOURSB + 15) / 16 : 0;
const int PRODUCT = OWN * STEP + OTHER * WIDE, WEIGHED = VALUES * (FOURSA > FOURSB ? FOURSA : FOURSB);
const int N = KEYS ? S : T, M = KEYS ? T : S;

shared vec4 stage[PRODUCT > WEIGHED ? PRODUCT : WEIGHED];
shared vec4 shares[OWN * ROW];

vec4 own(bool a, int row, int d) {
    if (a) return d < D ? loadOwnA(row, d) : vec4(0);
    return d < E ? loadOwnB(row, d) : vec4(0);
}

vec4 other(bool a, int row, int d) {
    if (a) return d < D ? loadOtherA(row, d) : vec4(0);
    return d < E ? loadOtherB(row, d) : vec4(0);
}

int rowOther(bool a, int z, int m) { return a ? rowOtherA(z, m) : rowOtherB(z, m); }

void main() {
    int x = int(gl_LocalInvocationID.x), y = int(gl_LocalInvocationID.y), id = y * 16 + x;
    int down = (N + OWN - 1) / OWN, group = int(gl_WorkGroupID.y) * GROUPS + int(gl_WorkGroupID.x);
    int z = group / down, n0 = group % down * OWN;
    if (down * Z > GROUPS && z >= Z) return;
    if (CAUSAL && !KEYS) n0 = (down - 1) * OWN - n0;    // those that look at most come first
    int begin = CAUSAL && KEYS ? n0 / OTHER * OTHER : 0, end = CAUSAL && !KEYS ? min(M, n0 + OWN) : M, row[2 * LOADS];
    [[unroll]] for (int i = 0; i < LOADS; i++) {
        int n = min(n0 + (i * LANES + id) / STEP, N - 1);
        row[i] = rowOwnA(z, n);
        row[LOADS + i] = rowOwnB(z, n);
    }
    vec4 acc[R * (CA + CB)];
    float s[4 * R], high[R], in_[R];    // of A, then of B
    [[unroll]] for (int i = 0; i < R * (CA + CB); i++) acc[i] = vec4(0);
    if (!KEYS) {
        [[unroll]] for (int i = 0; i < R; i++) {
            int t = min(n0 + y + 8 * i, T - 1);
            high[i] = total(z, t);
            in_[i] = inner(z, t);
        }
    }
    for (int m0 = begin; m0 < end; m0 += OTHER) {
        [[unroll]] for (int h = 0; h < 2; h++) {
            int with = rowOther(h == 0, z, min(m0 + id / STEP, M - 1));
            [[unroll]] for (int i = 0; i < 2 * R; i++) s[2 * R * h + i] = 0;
            for (int d0 = 0; d0 < (h == 0 ? D : E); d0 += 4 * STEP) {
                int d = d0 + id % STEP * 4;
                [[unroll]] for (int i = 0; i < LOADS; i++) stage[i * LANES + id] = own(h == 0, row[LOADS * h + i], d);
                stage[OWN * STEP + id / STEP * WIDE + id % STEP] = other(h == 0, with, d);
                barrier();
                [[unroll]] for (int k = 0; k < STEP; k++) {
                    vec4 a = stage[OWN * STEP + x * WIDE + k], b = stage[OWN * STEP + (x + 16) * WIDE + k];
                    [[unroll]] for (int i = 0; i < R; i++) {
                        vec4 q = stage[(y + 8 * i) * STEP + k];
                        s[2 * R * h + 2 * i] += dot(q, a);
                        s[2 * R * h + 2 * i + 1] += dot(q, b);
                    }
                }
                barrier();
            }
        }
        float highs[2], ins[2];
        if (KEYS) {
            [[unroll]] for (int j = 0; j < 2; j++) {
                int t = min(m0 + x + 16 * j, T - 1);
                highs[j] = total(z, t);
                ins[j] = inner(z, t);
            }
        }
        [[unroll]] for (int i = 0; i < 2 * R; i++) {
            int n = n0 + y + i / 2 * 8, m = m0 + x + i % 2 * 16;
            bool seen = n < N && m < M && (!CAUSAL || (KEYS ? n <= m : m <= n));
            float p = exp(s[i] * SCALE - (KEYS ? highs[i % 2] : high[i / 2]));
            float ds = p * (s[2 * R + i] - (KEYS ? ins[i % 2] : in_[i / 2])) * SCALE;
            s[i] = seen ? ds : 0;
            s[2 * R + i] = seen ? p : 0;
        }
        [[unroll]] for (int h = 0; h < (KEYS ? 2 : 1); h++) {
            int fours = h == 0 ? FOURSA : FOURSB, to = h == 0 ? 0 : R * CA;
            [[unroll]] for (int i = 0; i < 2 * R; i++) {
                int c = x + i % 2 * 16;
                shares[(y + i / 2 * 8) * ROW + c / 4][c % 4] = s[2 * R * h + i];
            }
            for (int v0 = 0; v0 < OTHER && m0 + v0 < end; v0 += VALUES) {
                for (int e = id; e < VALUES * fours; e += LANES) {
                    int m = m0 + v0 + e / fours;
                    stage[e] = m < M ? other(h == 0, rowOther(h == 0, z, m), e % fours * 4) : vec4(0);
                }
                barrier();
                [[unroll]] for (int k = 0; k < VALUES; k += 4) {
                    [[unroll]] for (int c = 0; c < (h == 0 ? CA : CB); c++) {
                        int e = k * fours + min(x + 16 * c, fours - 1);
                        vec4 v[4];
                        [[unroll]] for (int j = 0; j < 4; j++) v[j] = stage[e + j * fours];
                        [[unroll]] for (int i = 0; i < R; i++) {
                            vec4 p = shares[(y + 8 * i) * ROW + (v0 + k) / 4];
                            acc[to + c * R + i] += p.x * v[0] + p.y * v[1] + p.z * v[2] + p.w * v[3];
                        }
                    }
                }
                barrier();
            }
        }
    }
    [[unroll]] for (int i = 0; i < R; i++) {
        int n = n0 + y + 8 * i;
        if (n < N) {
            [[unroll]] for (int c = 0; c < CA; c++) {
                if (x + 16 * c < FOURSA) resultA(z, n, 4 * (x + 16 * c), acc[c * R + i]);
            }
            [[unroll]] for (int c = 0; c < CB; c++) {
                if (x + 16 * c < FOURSB) resultB(z, n, 4 * (x + 16 * c), acc[R * CA + c * R + i]);
            }
        }
    }
}
