"""Pretrained networks from local files, whose features take the place of the gradient maps."""
