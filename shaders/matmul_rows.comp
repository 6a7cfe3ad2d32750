// matmul_rows.comp: matrix product for lavapipe where quads of floats can be read whole: K, and the strides and offsets of A and B,
// are multiples of 4, and so are N unless TB and M if TA. Eight lanes make a tile of TM rows × 32 columns: each lane holds four
// columns, and the elements of A go round by shuffles with constant lanes, which is one instruction there.
// Grid: x = ⌈N/32⌉, y = ⌈M/(TM·rows)⌉, z = products.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "matmul.glsl"
layout(local_size_x = 8, local_size_y_id = 1) in;
layout(constant_id = 1) const int ROWS = 1;
layout(constant_id = 2) const int TM = 16;
layout(constant_id = 3) const int KU = 4;   // k per iteration
layout(constant_id = 4) const int TA = 0;   // A is stored [K][M]: sAm = 1
layout(constant_id = 5) const int TB = 0;   // B is stored [N][K]: sBk = 1
layout(binding = 0, rgba32f) readonly uniform imageBuffer A;
layout(binding = 1, rgba32f) readonly uniform imageBuffer B;
layout(binding = 2) writeonly buffer C4_ { vec4 C4[]; };
layout(binding = 2) writeonly buffer C1_ { float C1[]; };

const int NA = (TM + 7) / 8;
const int OUTSIDE = 1 << 29;    // reads 0

void main() {
    int lane = int(gl_LocalInvocationID.x), z = int(gl_WorkGroupID.z);
    int n0 = int(gl_WorkGroupID.x) * 32;
    int m0 = int(gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_LocalInvocationID.y) * TM;
    int lda = (TA == 0 ? sAm : sAk) >> 2, ldb = (TB == 0 ? sBk : sBn) >> 2;
    vec4 acc[TM];
    [[unroll]] for (int i = 0; i < TM; i++) acc[i] = vec4(0);
    int ab = (batchA(z) >> 2) + (TA == 0 ? (m0 + lane) * lda : (lane >> 1) * lda + (m0 >> 2) + (lane & 1));
    int bz = batchB(z) >> 2;
    int bb[4];
    if (TB == 0) {
        bb[0] = n0 + 4 * lane < N ? bz + (n0 >> 2) + lane : OUTSIDE;
    } else {
        [[unroll]] for (int j = 0; j < 4; j++) {
            int c = n0 + 8 * j + lane;
            bb[j] = c < N ? bz + c * ldb : OUTSIDE;
        }
    }
    for (int k = 0; k < K; k += KU) {
        [[unroll]] for (int ku = 0; ku < KU; ku += 4) {
            vec4 a[NA], b[4];
            [[unroll]] for (int h = 0; h < NA; h++) a[h] = imageLoad(A, TA == 0 ? ab + h * 8 * lda : ab + h * 2);
            ab += TA == 0 ? 1 : 4 * lda;
            if (TB == 0) {
                [[unroll]] for (int kk = 0; kk < 4; kk++) { b[kk] = imageLoad(B, bb[0]); bb[0] += ldb; }
            } else {
                [[unroll]] for (int j = 0; j < 4; j++) { b[j] = imageLoad(B, bb[j]); bb[j] += 1; }
            }
            // All four k of a row together: an accumulator is touched once, and B stays in registers.
            [[unroll]] for (int i = 0; i < TM; i++) {
                vec4 s;
                [[unroll]] for (int kk = 0; kk < 4; kk++)
                    s[kk] = TA == 0 ? subgroupShuffle(a[i / 8][kk], i % 8) : subgroupShuffle(a[i / 8][i % 4], kk * 2 + (i / 4) % 2);
                if (TB == 0) {
                    acc[i] += s.x * b[0] + s.y * b[1] + s.z * b[2] + s.w * b[3];
                } else {
                    acc[i] += s.x * vec4(b[0].x, b[1].x, b[2].x, b[3].x) + s.y * vec4(b[0].y, b[1].y, b[2].y, b[3].y)
                            + s.z * vec4(b[0].z, b[1].z, b[2].z, b[3].z) + s.w * vec4(b[0].w, b[1].w, b[2].w, b[3].w);
                }
            }
        }
    }
    if (TB == 0) {
        int c = n0 + 4 * lane;
        if (c < N) {
            [[unroll]] for (int i = 0; i < TM; i++)
                if (m0 + i < M) C4[(z * M * N + (m0 + i) * N + c) >> 2] = acc[i];
        }
    } else {
        [[unroll]] for (int j = 0; j < 4; j++) {
            int c = n0 + 8 * j + lane;
            if (c < N) {
                [[unroll]] for (int i = 0; i < TM; i++)
                    if (m0 + i < M) C1[z * M * N + (m0 + i) * N + c] = acc[i][j];
            }
        }
    }
}
