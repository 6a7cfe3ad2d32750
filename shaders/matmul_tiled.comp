// matmul_tiled.comp: matrix product for GPUs. A workgroup makes a tile of BM × BN through shared memory, slab by slab of BK columns of A
// and rows of B. Each invocation keeps TM × TN of the tile in registers, in groups of four rows and four columns that lie apart, so that
// neighbours read neighbouring vec4s of shared memory.
//
// There are two slabs in shared memory: while one is multiplied, the next is on its way from memory to registers, and is put into the
// other. One barrier a slab is enough. Before it all have put their part of slab s into its place; and whoever puts slab s + 1 into the
// other place has passed it, so that all have done with slab s − 1, which was there.
//
// Where there are few tiles, several teams of invocations share one: of each slab a team takes its part of the k, and in the end the first
// team adds up what all have. Tiles with as many teams add up the terms of an element in the same order.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "matmul.glsl"
layout(local_size_x = 64, local_size_x_id = 4) in;     // TEAMS · BM / TM · BN / TN
layout(constant_id = 5) const int BM = 32;
layout(constant_id = 6) const int BN = 32;
layout(constant_id = 7) const int BK = 16;
layout(constant_id = 8) const int TM = 4;
layout(constant_id = 9) const int TN = 4;
layout(constant_id = 10) const int PAD = 0;             // vec4s between the lines of shared memory: neighbours in k fall into other banks
layout(constant_id = 11) const int WA = 1;              // elements of A that are loaded at once, 1 or 4
layout(constant_id = 12) const int WB = 1;
layout(constant_id = 13) const bool TA = false;         // A's neighbours in memory are along m, else along k
layout(constant_id = 14) const bool TB = false;         // B's along k, else along n
layout(constant_id = 15) const int TEAMS = 1;           // 1 or 4; with 4 the two slabs of A have room for the tile, and those of B

int innerA(const int k) { return 0; }                   // how far from where its row begins an element of A is
int innerB(const int k) { return 0; }
vec4 loadA(const int at) { return vec4(0); }            // WA elements
vec4 loadB(const int at) { return vec4(0); }

const int SIZE = int(gl_WorkGroupSize.x), TEAM = SIZE / TEAMS, PART = BK / TEAMS;
// Of a slab each invocation loads what is at one k, or at four, on NA rows of A and NB columns of B, STEP apart. Where there is less
// than one load for each, some have none.
const int KA = TA ? BK : BK / WA, ROWS = TA ? BM / WA : BM, LA = SIZE / KA < ROWS ? SIZE / KA : ROWS, NA = ROWS / LA, STEPA = TA ? LA * WA : LA;
const int KB = TB ? BK / WB : BK, COLUMNS = TB ? BN : BN / WB, LB = SIZE / KB < COLUMNS ? SIZE / KB : COLUMNS, NB = COLUMNS / LB, STEPB = TB ? LB : LB * WB;
const int LINEA = BM / 4 + PAD, LINEB = BN / 4 + PAD;
shared vec4 a[2 * BK * LINEA];
shared vec4 b[2 * BK * LINEB];

// Groups of four, and the distance between them in vec4s; 32 neighbouring invocations are 8 × 4, which together read the least.
const int GM = TM / 4, GN = TN / 4, DOWN = BM / TM, ACROSS = BN / TN, WIDE = ACROSS < 8 ? ACROSS : 8, TALL = 32 / WIDE;

// Where single elements are loaded, their addresses take registers. Then factors are read from shared memory as late as possible: else
// AMD's GCN has registers for three subgroups instead of four.
const bool LATE = WA == 1 || WB == 1;

int ka, kb, ma, nb, row[NA], column[NB];        // where in a slab, and in memory, this invocation loads
vec4 nextA[NA], nextB[NB];                      // what it has loaded
vec4 acc[TM * GN];                              // its sums

void load(const int k0) {   // what is beyond the last k must not count, whatever it is
    int k = k0 + ka, at = innerA(K % BK == 0 ? k : min(k, K - (TA ? 1 : WA)));
    [[unroll]] for (int t = 0; t < NA; t++) {
        vec4 v = loadA(row[t] + at);
        nextA[t] = K % BK == 0 || k < K ? v : vec4(0);
    }
    k = k0 + kb;
    at = innerB(K % BK == 0 ? k : min(k, K - (TB ? WB : 1)));
    [[unroll]] for (int t = 0; t < NB; t++) {
        vec4 v = loadB(column[t] + at);
        nextB[t] = K % BK == 0 || k < K ? v : vec4(0);
    }
}

void put(const int slab, const int id) {
    if (LA * KA == SIZE || id < LA * KA) {
        [[unroll]] for (int t = 0; t < NA; t++) {
            int m = ma + t * STEPA, at = (slab * BK + ka) * LINEA + m / 4;
            if (WA == 1) {
                a[at][m % 4] = nextA[t].x;
            } else if (TA) {
                a[at] = nextA[t];
            } else {
                [[unroll]] for (int j = 0; j < 4; j++) a[at + j * LINEA][m % 4] = nextA[t][j];
            }
        }
    }
    if (LB * KB == SIZE || id < LB * KB) {
        [[unroll]] for (int t = 0; t < NB; t++) {
            int n = nb + t * STEPB, at = (slab * BK + kb) * LINEB + n / 4;
            if (WB == 1) {
                b[at][n % 4] = nextB[t].x;
            } else if (!TB) {
                b[at] = nextB[t];
            } else {
                [[unroll]] for (int j = 0; j < 4; j++) b[at + j * LINEB][n % 4] = nextB[t][j];
            }
        }
    }
}

// gather adds up the sums of the four teams, those of 1 and 3, and of 0 and 2, first.
void gather(const int team, const int id) {
    barrier();
    [[unroll]] for (int i = 0; i < TM * GN; i++) {
        if (team == 2) a[i * TEAM + id] = acc[i];
        if (team == 3) b[i * TEAM + id] = acc[i];
    }
    barrier();
    [[unroll]] for (int i = 0; i < TM * GN; i++) {
        if (team == 0) acc[i] += a[i * TEAM + id];
        if (team == 1) b[i * TEAM + id] += acc[i];
    }
    barrier();
    [[unroll]] for (int i = 0; i < TM * GN; i++) {
        if (team == 0) acc[i] += b[i * TEAM + id];
    }
}

void main() {
    int id = int(gl_LocalInvocationID.x), z, m0, n0;
    if (!tile(BM, BN, z, m0, n0)) return;
    // An invocation with nothing to load loads too, from within the slab, because memory may end behind it.
    ka = TA ? min(id / LA, BK - 1) : id % KA * WA;
    ma = TA ? id % LA * WA : id / KA;
    kb = TB ? id % KB * WB : min(id / LB, BK - 1);
    nb = TB ? id / KB : id % LB * WB;
    [[unroll]] for (int t = 0; t < NA; t++) row[t] = rowA(z, min(m0 + ma + t * STEPA, M - (TA ? WA : 1)));
    [[unroll]] for (int t = 0; t < NB; t++) column[t] = columnB(z, min(n0 + nb + t * STEPB, N - (TB ? 1 : WB)));

    int team = TEAMS == 1 ? 0 : id / TEAM, member = TEAMS == 1 ? id : id % TEAM;
    int lane = member % 32, block = member / 32;
    int x = block % (ACROSS / WIDE) * WIDE + lane % WIDE, y = block / (ACROSS / WIDE) * TALL + lane / WIDE;
    [[unroll]] for (int i = 0; i < TM * GN; i++) acc[i] = vec4(0);
    load(0);
    int slab = 0;
    for (int k0 = 0; k0 < K; k0 += BK) {
        put(slab, id);
        barrier();
        if (k0 + BK < K) load(k0 + BK);
        int first = slab * BK + team * PART;
        [[unroll]] for (int k = 0; k < PART; k++) {
            vec4 s[GM], v[GN];
            [[unroll]] for (int g = 0; g < GM; g++) if (!LATE) s[g] = a[(first + k) * LINEA + g * DOWN + y];
            [[unroll]] for (int h = 0; h < GN; h++) if (!LATE || GM > 1) v[h] = b[(first + k) * LINEB + h * ACROSS + x];
            [[unroll]] for (int g = 0; g < GM; g++) {
                if (LATE) s[g] = a[(first + k) * LINEA + g * DOWN + y];
                [[unroll]] for (int h = 0; h < GN; h++) {
                    if (LATE && GM == 1) v[h] = b[(first + k) * LINEB + h * ACROSS + x];
                    [[unroll]] for (int i = 0; i < 4; i++) acc[(4 * g + i) * GN + h] += s[g][i] * v[h];
                }
            }
        }
        slab = 1 - slab;
    }
    if (TEAMS > 1) {
        gather(team, member);
        if (team > 0) return;
    }
    [[unroll]] for (int i = 0; i < TM; i++) {
        [[unroll]] for (int h = 0; h < GN; h++) {
            int m = m0 + 4 * (i / 4 * DOWN + y) + i % 4, n = n0 + 4 * (h * ACROSS + x);
            if ((M % BM == 0 || m < M) && (N % BN == 0 || n < N)) result(z, m, n, acc[i * GN + h]);
        }
    }
}
