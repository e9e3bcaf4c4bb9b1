"""The networks of Brattoli, Büchler et al. (Nature Machine Intelligence 2021), for the preset paper."""
