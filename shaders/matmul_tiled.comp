// matmul_tiled.comp: matrix product for GPUs, any sizes and strides. A workgroup of 16 × 16 makes a tile of 64 × 64 through shared
// memory, each invocation 4 × 4 of it. Grid: x = ⌈N/64⌉, y = ⌈M/64⌉, z = products.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "matmul.glsl"
layout(local_size_x = 16, local_size_y = 16) in;
layout(binding = 0) readonly buffer A_ { float A[]; };
layout(binding = 1) readonly buffer B_ { float B[]; };
layout(binding = 2) writeonly buffer C_ { float C[]; };

const int TILE = 64, KT = 16, PER = 4;
shared float a[KT][TILE + 1], b[KT][TILE + 1];  // one more: neighbours in k fall into other banks

void main() {
    int x = int(gl_LocalInvocationID.x), y = int(gl_LocalInvocationID.y), id = y * 16 + x, z = int(gl_WorkGroupID.z);
    int n0 = int(gl_WorkGroupID.x) * TILE, m0 = int(gl_WorkGroupID.y) * TILE;
    int az = batchA(z), bz = batchB(z);
    float acc[PER][PER];
    [[unroll]] for (int i = 0; i < PER; i++) [[unroll]] for (int j = 0; j < PER; j++) acc[i][j] = 0;
    for (int k0 = 0; k0 < K; k0 += KT) {
        [[unroll]] for (int t = 0; t < TILE * KT / 256; t++) {
            int e = t * 256 + id;
            // Neighbouring invocations read neighbouring floats, whichever axis that is.
            int m = sAm == 1 ? e % TILE : e / KT, k = sAm == 1 ? e / TILE : e % KT;
            a[k][m] = m0 + m < M && k0 + k < K ? A[az + (m0 + m) * sAm + (k0 + k) * sAk] : 0.0;
            int n = sBk == 1 ? e / KT : e % TILE;
            k = sBk == 1 ? e % KT : e / TILE;
            b[k][n] = n0 + n < N && k0 + k < K ? B[bz + (k0 + k) * sBk + (n0 + n) * sBn] : 0.0;
        }
        barrier();
        [[unroll]] for (int k = 0; k < KT; k++) {
            float ra[PER], rb[PER];
            [[unroll]] for (int i = 0; i < PER; i++) { ra[i] = a[k][y + 16 * i]; rb[i] = b[k][x + 16 * i]; }
            [[unroll]] for (int i = 0; i < PER; i++) [[unroll]] for (int j = 0; j < PER; j++) acc[i][j] += ra[i] * rb[j];
        }
        barrier();
    }
    [[unroll]] for (int i = 0; i < PER; i++) {
        [[unroll]] for (int j = 0; j < PER; j++) {
            int m = m0 + y + 16 * i, n = n0 + x + 16 * j;
            if (m < M && n < N) C[z * M * N + m * N + n] = acc[i][j];
        }
    }
}
