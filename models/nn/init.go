package nn

import (
	"math"
	"math/rand/v2"
)

// An Init fills a new variable with its initial values. It is called each time they are written to a device, so it must depend on rng
// alone.
type Init func(rng *rand.Rand, values []float32)

// Zeros fills with 0.
func Zeros() Init { return full(0) }

// Ones fills with 1.
func Ones() Init { return full(1) }

func full(v float32) Init {
	return func(_ *rand.Rand, values []float32) {
		for i := range values {
			values[i] = v
		}
	}
}

// Uniform draws from [−bound, bound).
func Uniform(bound float64) Init {
	return func(rng *rand.Rand, values []float32) {
		for i := range values {
			values[i] = float32(bound * (2*rng.Float64() - 1))
		}
	}
}

// Normal draws from the normal distribution.
func Normal(mean, std float64) Init {
	return func(rng *rand.Rand, values []float32) {
		for i := range values {
			values[i] = float32(mean + std*rng.NormFloat64())
		}
	}
}

// KaimingUniform draws from [−b, b) with b = √(6 / ((1+a²)·fanIn)) and a = √5, which gives 1/√fanIn: PyTorch's choice for linear and
// convolutional weights (He et al. 2015, where a is the slope of a leaky ReLU; √5 only reproduces Torch7).
func KaimingUniform(fanIn int) Init { return Uniform(1 / math.Sqrt(float64(fanIn))) }

// XavierUniform draws from [−b, b) with b = √(6 / (fanIn+fanOut)) (Glorot & Bengio 2010).
func XavierUniform(fanIn, fanOut int) Init { return Uniform(math.Sqrt(6 / float64(fanIn+fanOut))) }
