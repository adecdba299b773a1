package notunnel
