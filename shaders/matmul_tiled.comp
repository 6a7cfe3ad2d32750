// matmul_tiled.comp: matrix product for GPUs. A workgroup of 16 × 16 makes a tile of 64 × 64 through shared memory, each invocation
// four rows of four columns.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "matmul.glsl"
layout(local_size_x = 16, local_size_y = 16) in;
layout(constant_id = 4) const bool TA = false;      // neighbours in memory are along m, else along k
layout(constant_id = 5) const bool TB = false;      // along k, else along n

float loadA(const int row, const int k) { return 0; }
float loadB(const int column, const int k) { return 0; }

const int TILE = 64, KT = 16, LOADS = TILE * KT / 256;
shared float a[KT][TILE + 1];   // one more: neighbours in k fall into other banks
shared vec4 b[KT][TILE / 4];

void main() {
    int x = int(gl_LocalInvocationID.x), y = int(gl_LocalInvocationID.y), id = y * 16 + x, z, m0, n0;
    if (!tile(TILE, TILE, z, m0, n0)) return;
    int row[LOADS], column[LOADS];
    [[unroll]] for (int t = 0; t < LOADS; t++) {    // neighbouring invocations read neighbouring floats
        int e = t * 256 + id;
        row[t] = rowA(z, min(m0 + (TA ? e % TILE : e / KT), M - 1));
        column[t] = columnB(z, min(n0 + (TB ? e / KT : e % TILE), N - 1));
    }
    vec4 acc[4];
    [[unroll]] for (int i = 0; i < 4; i++) acc[i] = vec4(0);
    for (int k0 = 0; k0 < K; k0 += KT) {
        [[unroll]] for (int t = 0; t < LOADS; t++) {
            int e = t * 256 + id;
            int m = TA ? e % TILE : e / KT, k = TA ? e / TILE : e % KT;
            a[k][m] = k0 + k < K ? loadA(row[t], k0 + k) : 0;
            int n = TB ? e / KT : e % TILE;
            k = TB ? e % KT : e / TILE;
            b[k][n >> 2][n & 3] = k0 + k < K ? loadB(column[t], k0 + k) : 0;
        }
        barrier();
        [[unroll]] for (int k = 0; k < KT; k++) {
            vec4 s = b[k][x];
            [[unroll]] for (int i = 0; i < 4; i++) acc[i] += a[k][y + 16 * i] * s;
        }
        barrier();
    }
    int n = n0 + 4 * x;
    [[unroll]] for (int i = 0; i < 4; i++) {
        int m = m0 + y + 16 * i;
        if (m < M && n < N) result(z, m, n, acc[i]);
    }
}
