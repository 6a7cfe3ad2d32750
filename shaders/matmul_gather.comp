// matmul_gather.comp: matrix product for lavapipe with any sizes and strides: every element is gathered by itself. Eight lanes make
// a tile of TM rows × 32 columns. Grid: x = ⌈N/32⌉, y = ⌈M/(TM·rows)⌉, z = products.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "matmul.glsl"
layout(local_size_x = 8, local_size_y_id = 1) in;
layout(constant_id = 1) const int ROWS = 1;
layout(constant_id = 2) const int TM = 16;
layout(binding = 0, r32f) readonly uniform imageBuffer A;
layout(binding = 1, r32f) readonly uniform imageBuffer B;
layout(binding = 2) writeonly buffer C_ { float C[]; };

const int KU = 4, TV = 4;
const int NA = (TM + 7) / 8;

void main() {
    int lane = int(gl_LocalInvocationID.x), z = int(gl_WorkGroupID.z);
    int n0 = int(gl_WorkGroupID.x) * 32;
    int m0 = int(gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_LocalInvocationID.y) * TM;
    float acc[TM * TV];
    [[unroll]] for (int i = 0; i < TM * TV; i++) acc[i] = 0;
    int ab[NA], bb[TV];
    [[unroll]] for (int h = 0; h < NA; h++) ab[h] = batchA(z) + min(m0 + h * 8 + lane, M - 1) * sAm;
    [[unroll]] for (int j = 0; j < TV; j++) bb[j] = batchB(z) + min(n0 + j * 8 + lane, N - 1) * sBn;
    int whole = K / KU * KU;
    for (int k = 0; k < whole; k += KU) {
        float a[NA * KU], b[TV * KU];
        [[unroll]] for (int kk = 0; kk < KU; kk++) {
            [[unroll]] for (int h = 0; h < NA; h++) a[h * KU + kk] = imageLoad(A, ab[h] + (k + kk) * sAk).x;
            [[unroll]] for (int j = 0; j < TV; j++) b[j * KU + kk] = imageLoad(B, bb[j] + (k + kk) * sBk).x;
        }
        [[unroll]] for (int i = 0; i < TM; i++) {
            float s[KU];
            [[unroll]] for (int kk = 0; kk < KU; kk++) s[kk] = subgroupShuffle(a[i / 8 * KU + kk], i % 8);
            [[unroll]] for (int j = 0; j < TV; j++) {
                float t = s[0] * b[j * KU];
                [[unroll]] for (int kk = 1; kk < KU; kk++) t += s[kk] * b[j * KU + kk];
                acc[i * TV + j] += t;
            }
        }
    }
    for (int k = whole; k < K; k++) {
        float a[NA], b[TV];
        [[unroll]] for (int h = 0; h < NA; h++) a[h] = imageLoad(A, ab[h] + k * sAk).x;
        [[unroll]] for (int j = 0; j < TV; j++) b[j] = imageLoad(B, bb[j] + k * sBk).x;
        [[unroll]] for (int i = 0; i < TM; i++) {
            float s = subgroupShuffle(a[i / 8], i % 8);
            [[unroll]] for (int j = 0; j < TV; j++) acc[i * TV + j] += s * b[j];
        }
    }
    [[unroll]] for (int j = 0; j < TV; j++) {
        int c = n0 + j * 8 + lane;
        if (c < N) {
            [[unroll]] for (int i = 0; i < TM; i++)
                if (m0 + i < M) C[z * M * N + (m0 + i) * N + c] = acc[i * TV + j];
        }
    }
}
