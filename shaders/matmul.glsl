// What all matrix products share: C[z] [M, N] = A[z] [M, K] · B[z] [K, N] for z = z0·nb1 + z1. C is contiguous; A and B lie
// anywhere, said by strides in floats.
layout(push_constant) uniform Push {
    int M, N, K;
    int offA, sAm, sAk;         // of A's first element; from row to row; from column to column
    int offB, sBk, sBn;
    int nb1;                    // how many z1 there are
    int sA0, sA1, sB0, sB1;     // from product to product along z0 and z1
};

int batchA(int z) { return offA + z / nb1 * sA0 + z % nb1 * sA1; }
int batchB(int z) { return offB + z / nb1 * sB0 + z % nb1 * sB1; }
