# Ruby's websocket-driver, driven as peer.js describes: hixie-75, hixie-76 and versions 7 to 13
# as a server, version 13 as a client.

require 'json'
require 'socket'
require 'uri'
require 'websocket/driver'

$stdout.sync = true
$lock = Mutex.new
$current = nil

def report(event, fields = {})
  puts JSON.generate({event: event}.merge(fields))
end

# A connection for websocket-driver, which needs a URL and a method write.
class Connection
  attr_reader :url

  def initialize(socket, url)
    @socket, @url = socket, url
  end

  def write(data)
    @socket.write(data)
  end

  def attach(driver, open)
    @driver = driver
    driver.on(:open) { $current = self; report(:open, {protocol: driver.protocol.to_s, header: open.call}) }
    driver.on(:message) do |e|
      if e.data.is_a?(String)
        report(:text, data: e.data)
      else
        report(:binary, data: [e.data.pack('C*')].pack('m0'))
      end
    end
    driver.on(:close) do |e|
      report(:close, code: e.code, reason: e.reason)
      @socket.close_write rescue nil
    end
    driver.on(:error) { |e| report(:error, message: e.message) }
  end

  def read
    while (data = @socket.readpartial(65536))
      $lock.synchronize { @driver.parse(data) }
    end
  rescue EOFError, IOError, SystemCallError
    $lock.synchronize { @driver.close } # hixie-75 has no other close
    @socket.close rescue nil
  end

  def do(c)
    case c['do']
    when 'text' then @driver.text(c['data'])
    when 'binary' then @driver.binary(c['data'].unpack1('m0').bytes)
    when 'ping' then @driver.ping(c['data']) { report(:pong, data: c['data']) }
    when 'close' then @driver.close(c['reason'], c['code'].zero? ? nil : c['code'])
    end
  end
end

def serve(_options)
  listener = TCPServer.new('127.0.0.1', 0)
  report(:listening, port: listener.addr[1])
  loop do
    Thread.new(listener.accept) do |socket|
      connection = Connection.new(socket, nil)
      driver = WebSocket::Driver.server(connection, protocols: ['b'])
      connection.attach(driver, -> { driver.env.select { |k, _| k.start_with?('HTTP_') }.to_h { |k, v| [k[5..].downcase.tr('_', '-'), v] } })
      driver.on(:connect) { driver.start }
      connection.read
    end
  end
end

def connect(options)
  uri = URI(options['url'])
  socket = TCPSocket.new(uri.host, uri.port)
  connection = Connection.new(socket, options['url'])
  driver = WebSocket::Driver.client(connection, protocols: options['protocols'] || [])
  (options['headers'] || {}).each { |k, v| driver.set_header(k, v) }
  driver.set_header('Origin', options['origin']) if options['origin']
  connection.attach(driver, -> { driver.headers.to_h.transform_keys { |k| k.downcase } })
  driver.start
  connection.read
end

role, options = ARGV
Thread.abort_on_exception = true
Thread.new { role == 'server' ? serve(JSON.parse(options)) : connect(JSON.parse(options)) }
$stdin.each_line { |line| $lock.synchronize { $current.do(JSON.parse(line)) } }
