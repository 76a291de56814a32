"""Training: recipes as data, augmentation, the feature cache, and the loop."""
