"""How many model nodes a load needs: arithmetic of one node, and a simulation of the queue in front of them."""
