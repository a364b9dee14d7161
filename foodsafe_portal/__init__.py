"""The portal's project package: settings, entry points and the model-free library every room uses."""
