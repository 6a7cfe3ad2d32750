package vk

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// layouts are the structs that C reads and writes, with Vulkan's names for them and for their fields. since is a macro of the headers that
// have the struct. A struct may be larger than Vulkan's; a partial one may be shorter if nothing after it is read.
var layouts = []struct {
	of     any
	since  string
	name   string
	fields string
	larger bool
	part   bool
}{
	{of: applicationInfo{}, name: "VkApplicationInfo", fields: "name=pApplicationName engine=pEngineName api=apiVersion"},
	{of: instanceInfo{}, name: "VkInstanceCreateInfo", fields: "flags=flags application=pApplicationInfo layerCount=enabledLayerCount layers=ppEnabledLayerNames extensionCount=enabledExtensionCount extensions=ppEnabledExtensionNames"},
	{of: queueInfo{}, name: "VkDeviceQueueCreateInfo", fields: "family=queueFamilyIndex count=queueCount priorities=pQueuePriorities"},
	{of: deviceInfo{}, name: "VkDeviceCreateInfo", fields: "queueCount=queueCreateInfoCount queues=pQueueCreateInfos extensionCount=enabledExtensionCount extensions=ppEnabledExtensionNames features=pEnabledFeatures"},
	{of: features{}, name: "VkPhysicalDeviceFeatures"},
	{of: chained{}, name: "VkBaseOutStructure", fields: "sType=sType pNext=pNext"},
	{of: queueFamily{}, name: "VkQueueFamilyProperties", fields: "flags=queueFlags timestampBits=timestampValidBits"},
	{of: setLayoutBinding{}, name: "VkDescriptorSetLayoutBinding", fields: "binding=binding kind=descriptorType count=descriptorCount stages=stageFlags"},
	{of: setLayoutInfo{}, name: "VkDescriptorSetLayoutCreateInfo", fields: "count=bindingCount bindings=pBindings"},
	{of: pipelineLayoutInfo{}, name: "VkPipelineLayoutCreateInfo", fields: "setCount=setLayoutCount sets=pSetLayouts"},
	{of: mapEntry{}, name: "VkSpecializationMapEntry", fields: "id=constantID offset=offset size=size"},
	{of: specializationInfo{}, name: "VkSpecializationInfo", fields: "count=mapEntryCount entries=pMapEntries size=dataSize data=pData"},
	{of: shaderStage{}, name: "VkPipelineShaderStageCreateInfo", fields: "flags=flags stage=stage module=module name=pName specialization=pSpecializationInfo"},
	{of: computePipelineInfo{}, name: "VkComputePipelineCreateInfo", fields: "flags=flags stage=stage layout=layout"},
	{of: pipelineCacheInfo{}, name: "VkPipelineCacheCreateInfo", fields: "size=initialDataSize data=pInitialData"},
	{of: poolSize{}, name: "VkDescriptorPoolSize", fields: "kind=type count=descriptorCount"},
	{of: descriptorPoolInfo{}, name: "VkDescriptorPoolCreateInfo", fields: "sets=maxSets count=poolSizeCount sizes=pPoolSizes"},
	{of: descriptorBuffer{}, name: "VkDescriptorBufferInfo", fields: "buffer=buffer offset=offset size=range"},
	{of: writeDescriptor{}, name: "VkWriteDescriptorSet", fields: "set=dstSet binding=dstBinding count=descriptorCount kind=descriptorType buffers=pBufferInfo texels=pTexelBufferView"},
	{of: memoryBarrier{}, name: "VkMemoryBarrier", fields: "src=srcAccessMask dst=dstAccessMask"},
	{of: bufferCopy{}, name: "VkBufferCopy", fields: "src=srcOffset dst=dstOffset size=size"},
	{of: submitInfo{}, name: "VkSubmitInfo", fields: "waitCount=waitSemaphoreCount waits=pWaitSemaphores waitStages=pWaitDstStageMask cmdCount=commandBufferCount cmds=pCommandBuffers signalCount=signalSemaphoreCount signals=pSignalSemaphores"},
	{of: extensionProperties{}, name: "VkExtensionProperties", fields: "name=extensionName"},
	{of: properties2{}, name: "VkPhysicalDeviceProperties2", larger: true},
	{of: features2{}, name: "VkPhysicalDeviceFeatures2", larger: true},
	{of: subgroupProperties{}, name: "VkPhysicalDeviceSubgroupProperties", fields: "size=subgroupSize stages=supportedStages ops=supportedOperations quads=quadOperationsInAllStages"},
	{of: maintenanceProperties{}, name: "VkPhysicalDeviceMaintenance3Properties", fields: "sets=maxPerSetDescriptors allocation=maxMemoryAllocationSize"},
	{of: driverProperties{}, since: "VK_KHR_driver_properties", name: "VkPhysicalDeviceDriverPropertiesKHR", fields: "id=driverID name=driverName info=driverInfo"},
	{of: messengerInfo{}, since: "VK_EXT_debug_utils", name: "VkDebugUtilsMessengerCreateInfoEXT", fields: "flags=flags severity=messageSeverity kind=messageType call=pfnUserCallback user=pUserData"},
	{of: messageData{}, since: "VK_EXT_debug_utils", name: "VkDebugUtilsMessengerCallbackDataEXT", fields: "message=pMessage", part: true},
	{of: floatProperties{}, since: "VK_KHR_shader_float_controls", name: "VkPhysicalDeviceFloatControlsProperties", fields: "independence=denormBehaviorIndependence special=shaderSignedZeroInfNanPreserveFloat16 denormal=shaderDenormPreserveFloat16 flush=shaderDenormFlushToZeroFloat16 rte=shaderRoundingModeRTEFloat16 rtz=shaderRoundingModeRTZFloat16"},
	{of: switches{}, since: "VK_KHR_vulkan_memory_model", name: "VkPhysicalDeviceVulkanMemoryModelFeaturesKHR", larger: true},
	{of: switches{}, since: "VK_NV_cooperative_matrix", name: "VkPhysicalDeviceCooperativeMatrixFeaturesNV", larger: true},
	{of: switches{}, since: "VK_KHR_shader_float16_int8", name: "VkPhysicalDeviceShaderFloat16Int8FeaturesKHR", larger: true},
	{of: switches{}, since: "VK_EXT_subgroup_size_control", name: "VkPhysicalDeviceSubgroupSizeControlFeaturesEXT", larger: true},
	{of: requiredSubgroupSize{}, since: "VK_EXT_subgroup_size_control", name: "VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT", fields: "size=requiredSubgroupSize"},
	{of: switches{}, since: "VK_KHR_pipeline_executable_properties", name: "VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR", larger: true},
	{of: pipelineInfo{}, since: "VK_KHR_pipeline_executable_properties", name: "VkPipelineInfoKHR", fields: "pipeline=pipeline"},
	{of: executable{}, since: "VK_KHR_pipeline_executable_properties", name: "VkPipelineExecutablePropertiesKHR", fields: "subgroup=subgroupSize"},
	{of: executableInfo{}, since: "VK_KHR_pipeline_executable_properties", name: "VkPipelineExecutableInfoKHR", fields: "pipeline=pipeline"},
	{of: executableValue{}, since: "VK_KHR_pipeline_executable_properties", name: "VkPipelineExecutableStatisticKHR", fields: "name=name format=format value=value"},
	{of: subgroupSizes{}, since: "VK_EXT_subgroup_size_control", name: "VkPhysicalDeviceSubgroupSizeControlPropertiesEXT", fields: "least=minSubgroupSize most=maxSubgroupSize stages=requiredSubgroupSizeStages"},
}

// TestLayouts compiles C that says how large the structs are and where their fields lie, with the headers that come with vulkan-go and
// with the system's, which know more, where they are installed.
func TestLayouts(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/vulkan-go/vulkan").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, headers := range []string{strings.TrimSpace(string(dir)), "/usr/include"} {
		if _, err := os.Stat(filepath.Join(headers, "vulkan", "vulkan_core.h")); err == nil {
			held(t, headers)
		}
	}
}

func held(t *testing.T, headers string) {
	var c strings.Builder
	want := map[string]uintptr{}
	larger := map[string]bool{}
	add := func(what, expression string, value uintptr) {
		fmt.Fprintf(&c, "printf(\"%%s %%zu\\n\", %q, (size_t)(%s));\n", what, expression)
		want[what] = value
	}
	for _, l := range layouts {
		if l.since != "" {
			fmt.Fprintf(&c, "#ifdef %s\n", l.since)
		}
		typ := reflect.TypeOf(l.of)
		size := typ.String() + " as " + l.name + ": size"
		if !l.part {
			add(size, "sizeof("+l.name+")", typ.Size())
			larger[size] = l.larger
		}
		for _, pair := range strings.Fields(l.fields) {
			ours, theirs, _ := strings.Cut(pair, "=")
			f, ok := typ.FieldByName(ours)
			if !ok {
				t.Fatalf("%s has no field %s", typ, ours)
			}
			add(typ.String()+"."+ours, "offsetof("+l.name+", "+theirs+")", f.Offset)
		}
		if l.since != "" {
			c.WriteString("#endif\n")
		}
	}
	add("the index of shaderInt64", "offsetof(VkPhysicalDeviceFeatures, shaderInt64) / sizeof(VkBool32)", int64s)
	src, bin := filepath.Join(t.TempDir(), "layout.c"), filepath.Join(t.TempDir(), "layout")
	text := "#include <stdio.h>\n#include <stddef.h>\n#include <vulkan/vulkan.h>\nint main(void) {\n" + c.String() + "return 0; }\n"
	if err := os.WriteFile(src, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", "-I", headers, "-o", bin, src).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(bin).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, line := range lines {
		cut := strings.LastIndexByte(line, ' ')
		var got uintptr
		fmt.Sscan(line[cut:], &got)
		if w := want[line[:cut]]; w != got && (!larger[line[:cut]] || w < got) {
			t.Errorf("%s: %d in Go, %d in C of %s", line[:cut], w, got, headers)
		}
	}
	if len(lines) < 100 {
		t.Errorf("only %d sizes and places were compared", len(lines))
	}
}
