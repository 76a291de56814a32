"""Pictures that answer: mosaics of maps, a tile, bars and rows of tiles that can be clicked.

Streamlit's own pictures and charts either take no clicks or take seconds with 512 maps. These are
five small components in plain JavaScript, drawn on a canvas, at home with mouse, keyboard and
screen reader. A picture goes to the browser once, by address; what is selected, ordered or left
out goes as numbers. The browser marks a choice at once; what the server says next is the truth.
"""

from osteo_ui.atlas.mounting import picture_url
from osteo_ui.atlas.shortcuts import keys
from osteo_ui.atlas.tiles import Box, strip, tile
from osteo_ui.atlas.units import bars, maps

__all__ = ["Box", "bars", "keys", "maps", "picture_url", "strip", "tile"]
