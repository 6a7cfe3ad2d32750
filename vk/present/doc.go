// Package present shows pictures of a device's memory in a window without taking them to the host: a window, its swapchain, and the pass
// that makes a window's pixels of a picture.
//
//	window, err := present.Open(present.WindowOptions{Title: "genview"})       // on the main thread
//	dev, err := vk.Open(vk.Options{Extensions: window.Extensions()})
//	screen, err := present.New(dev, window, present.Picture{View: view, C: 3, H: 32, W: 32}, present.Options{})
//	for !window.Closing() {
//		window.Poll()
//		decode.Submit()           // writes the picture
//		shown, err := screen.Show() // pixels of it, on the same queue
//	}
//
// The one idea: to the device a frame is one more recording. It reads the picture where the program that decodes has left it, so that
// barriers between both follow from what they read and write, as everywhere in package vk. There is one recording for each image of the
// swapchain. The program that decodes the next picture is submitted as soon as this one's recording is, and runs while the window system
// waits for the screen.
//
// One dispatch scales, converts and frames the picture. It writes bytes to a buffer, which the recording then copies to the image. Writing
// to the image itself was rejected: a swapchain need not allow it, the usual order of colours needs a feature of its own
// (shaderStorageImageWriteWithoutFormat), and lavapipe takes ten times as long for the store of a texel as for one to a buffer. As it is,
// every driver with a swapchain shows the same bytes, and a screenshot is a read of the buffer.
//
// Windows are GLFW's, which is C and wants the window system's headers, and whose libraries a program that is linked to it needs to start
// at all. So it is there only in a build with the tag glfw; without it Open says how to get it. The rest does not know GLFW: a [Window] is
// an interface.
package present
