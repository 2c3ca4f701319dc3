"""Network architectures, batches, and the engines that train them."""
