package vk

import (
	"math"
	"unsafe"
)

// Constants of VK_KHR_pipeline_executable_properties.
const (
	executableExtension  = "VK_KHR_pipeline_executable_properties"
	executableFeatures   = 1000269000
	pipelineInfoType     = 1000269001
	executableProperties = 1000269002
	executableInfoType   = 1000269003
	executableStatistic  = 1000269004
	captureStatistics    = 0x40 // a flag for creating a pipeline
)

type pipelineInfo struct {
	chained
	pipeline uintptr
}

// executable is VkPipelineExecutablePropertiesKHR: one of the programs that a pipeline was compiled to. Only the first one of a compute
// pipeline is used.
type executable struct {
	chained
	_        uint32
	_, _     [256]byte
	subgroup uint32
}

// executableInfo identifies the first of them.
type executableInfo struct {
	chained
	pipeline uintptr
	_        uint32
}

type executableValue struct {
	chained
	name   [256]byte
	_      [256]byte
	format uint32
	value  uint64
}

// A Statistic is a number that a driver's compiler reports for a kernel, under the driver's own name: registers, spills, bytes of code.
type Statistic struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Statistics returns what the driver's compiler reports for the kernel; the first is the subgroup size. It returns nothing unless the
// device was opened with Profile and its driver has VK_KHR_pipeline_executable_properties.
func (k *Kernel) Statistics() ([]Statistic, error) {
	if !k.d.compilerSpeaks {
		return nil, nil
	}
	var a arena
	defer a.free()
	dev, pipeline := uintptr(unsafe.Pointer(k.d.dev)), uintptr(unsafe.Pointer(k.pipeline))
	programs, err := listed(k.d.newer, &a, "vkGetPipelineExecutablePropertiesKHR", dev,
		at(&a, pipelineInfo{chained{sType: pipelineInfoType}, pipeline}), executable{chained: chained{sType: executableProperties}})
	if err != nil || len(programs) == 0 {
		return nil, err
	}
	values, err := listed(k.d.newer, &a, "vkGetPipelineExecutableStatisticsKHR", dev,
		at(&a, executableInfo{chained: chained{sType: executableInfoType}, pipeline: pipeline}), executableValue{chained: chained{sType: executableStatistic}})
	all := []Statistic{{"Subgroup size", float64(programs[0].subgroup)}}
	for _, v := range values {
		all = append(all, Statistic{text(v.name[:]), v.number()})
	}
	return all, err
}

// number converts the value, which is a boolean, a signed or unsigned integer, or a float64.
func (v executableValue) number() float64 {
	switch v.format {
	case 0:
		return float64(uint32(v.value))
	case 1:
		return float64(int64(v.value))
	case 2:
		return float64(v.value)
	}
	return math.Float64frombits(v.value)
}

// listed calls a function that lists structs, first to get their number. blank initialises each struct.
func listed[T any](n newer, a *arena, name string, dev, of uintptr, blank T) ([]T, error) {
	pcount, count := put(a, uint32(0))
	if err := check(name, n.call(name, dev, of, pcount, 0)); err != nil {
		return nil, err
	}
	all := make([]T, count[0])
	for i := range all {
		all[i] = blank
	}
	pall, all := put(a, all...)
	err := check(name, n.call(name, dev, of, pcount, pall))
	return all[:min(int(count[0]), len(all))], err
}
